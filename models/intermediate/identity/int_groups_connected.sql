-- One row per group of records that weights or people link to another, with what they connect.
{{ config(materialized='connected_components') }}

with

judgements as (

    select *
    from {{ ref('int_pairs_judged') }}
    where verdict = 'same' and {{ touched('record_key', 'int_records_reclustered') }}

),

grouped_records as (

    select * from {{ ref('int_records_grouped') }}

),

-- what sure rules join needs no second contraction
links as (

    select
        grouped_records.group_key,
        other_grouped_records.group_key as other_group_key
    from judgements
    inner join grouped_records on judgements.record_key = grouped_records.record_key
    inner join grouped_records as other_grouped_records
        on judgements.other_record_key = other_grouped_records.record_key

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
