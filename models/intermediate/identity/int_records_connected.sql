-- One row per record, with what all links together connect; some are alone.
{{ config(materialized='view') }}

with

grouped_records as (

    select *
    from {{ ref('int_records_grouped') }}
    where {{ touched('record_key', 'int_records_reclustered') }}

),

connected_groups as (

    select * from {{ ref('int_groups_connected') }}

),

connected as (

    select
        grouped_records.record_key as node_id,
        coalesce(connected_groups.component_id, grouped_records.group_key) as component_id
    from grouped_records
    left outer join connected_groups on grouped_records.group_key = connected_groups.node_id

)

select * from connected
