-- One row per record, with the group that sure rules join it to; some are a group alone.
{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='record_key',
    touched_by='int_records_regrouped'
) }}

with

records as (

    select *
    from {{ ref('int_records_unioned') }}
    where {{ touched('record_key', 'int_records_regrouped') }}

),

joined_records as (

    select * from {{ ref('int_records_joined') }}

),

grouped as (

    select
        records.record_key,
        coalesce(joined_records.component_id, records.record_key) as group_key
    from records
    left outer join joined_records on records.record_key = joined_records.node_id

)

select * from grouped
