-- One row per identifier that so many differently named people share that it tells nobody apart.
{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='(identifier_type, identifier)',
    touched_by='int_identifiers_touched',
    touched_key='(identifier_type, identifier)'
) }}

with

keys as (

    select *
    from {{ ref('int_person_keys_named') }}
    where
        {{ touched(
            '(identifier_type, identifier)',
            'int_identifiers_touched',
            '(identifier_type, identifier)'
        ) }}

),

shared as (

    select
        identifier_type,
        identifier
    from keys
    where name_kind = 'full'
    group by identifier_type, identifier
    having count(distinct name_key) > {{ var('identity_hub_cap') }}

)

select * from shared
