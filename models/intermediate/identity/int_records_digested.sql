-- One row per record, with what tells whether it is still as the last build found it.
{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='record_key',
    touched_by='int_records_changed'
) }}

with

changed_records as (

    select * from {{ ref('int_records_changed') }}

),

digested as (

    select
        record_key,
        digest
    from changed_records
    where digest is not null

)

select * from digested
