-- One row per key and group of records that has it: those that share one are compared.
-- depends_on: {{ ref('int_blocks_released') }}
{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='group_key',
    touched_by='int_records_regrouped',
    touched_key='left_group_key'
) }}

with

person_keys as (

    select * from {{ ref('int_person_blocks_keyed') }}

),

company_keys as (

    select * from {{ ref('int_company_blocks_keyed') }}

),

keys as (

    select
        'person' as entity_type,
        *
    from person_keys

    union all by name

    select
        'company' as entity_type,
        *
    from company_keys

),

digested as (

    select
        entity_type,
        group_key,
        record_key,
        name_kind,
        {{ row_digest(['entity_type', 'block', 'value']) }} as block_key
    from keys

),

-- one profile speaks for its group, so that no group meets another twice by one key:
-- that of a whole name, if there is one
spoken as (

    select
        entity_type,
        block_key,
        group_key,
        coalesce(min(record_key) filter (where name_kind = 'full'), min(record_key)) as record_key
    from digested
    group by entity_type, block_key, group_key

)

select * from spoken
