-- One row per group of records that weights, people or the CRM link to another; what they connect.
{{ config(materialized='connected_components') }}

with

judgements as (

    select *
    from {{ ref('int_pairs_judged') }}
    where verdict = 'same'

),

crm_links as (

    select *
    from {{ ref('int_crm_records_anchored') }}
    where is_compared_alone

),

joined_records as (

    select * from {{ ref('int_records_joined') }}

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

-- what sure rules join needs no second contraction; a record that they join to none is a group
links as (

    select
        coalesce(joined_records.component_id, linked_records.record_key) as group_key,
        coalesce(other_joined_records.component_id, linked_records.other_record_key)
            as other_group_key
    from linked_records
    left outer join joined_records on linked_records.record_key = joined_records.node_id
    left outer join joined_records as other_joined_records
        on linked_records.other_record_key = other_joined_records.node_id

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
