-- One row per record of a person or a company that is there now, with the id that it has.
{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='record_key',
    touched_by='int_records_reclustered'
) }}

with

members as (

    select *
    from {{ ref('int_records_clustered') }}
    where
        {{ touched(
            'record_key', 'int_records_reclustered'
        ) }}

),

registered as (

    select *
    from {{ ref('int_ids_registered') }}
    where is_latest

),

identified as (

    select
        members.entity_type,
        members.record_key,
        registered.entity_id
    from members
    inner join registered
        on
            members.entity_type = registered.entity_type
            and members.record_key = registered.record_key

)

select * from identified
