-- One row per group of records that weights, people or the CRM link to another; what they connect.
{{ config(materialized='connected_components') }}

with

judgements as (

    select *
    from {{ ref('int_pairs_judged') }}
    where verdict = 'same' and {{ touched('record_key', 'int_records_reclustered') }}

),

crm_links as (

    select *
    from {{ ref('int_crm_records_anchored') }}
    where is_compared_alone and {{ touched('record_key', 'int_records_reclustered') }}

),

grouped_records as (

    select * from {{ ref('int_records_grouped') }}

),

linked_records as (

    select
        record_key,
        other_record_key
    from judgements

    union all by name

    select
        record_key,
        other_record_key
    from crm_links

),

-- what sure rules join needs no second contraction
links as (

    select
        grouped_records.group_key,
        other_grouped_records.group_key as other_group_key
    from linked_records
    inner join grouped_records on linked_records.record_key = grouped_records.record_key
    inner join grouped_records as other_grouped_records
        on linked_records.other_record_key = other_grouped_records.record_key

),

edges as (

    select
        group_key as node_id,
        other_group_key as link_id
    from links

    union all by name

    select
        other_group_key as node_id,
        other_group_key as link_id
    from links

)

select * from edges
