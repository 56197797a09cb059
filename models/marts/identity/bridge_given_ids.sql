-- One row per id that was ever given, and id in use to which it leads.
{{ config(materialized='view') }}

with

registered as (

    select distinct
        entity_type,
        entity_id as given_id
    from {{ ref('int_ids_registered') }}

),

identified as (

    select distinct
        entity_type,
        entity_id
    from {{ ref('int_records_identified') }}

),

redirects as (

    select * from {{ ref('int_ids_redirected') }}

),

in_use as (

    select
        entity_type,
        entity_id as given_id,
        entity_id,
        'in_use' as relation
    from identified

),

redirected as (

    select
        entity_type,
        old_key as given_id,
        new_key as entity_id,
        kind as relation
    from redirects

),

leads as (

    select * from in_use
    union all by name
    select * from redirected

),

given_ids as (

    select
        registered.entity_type,
        registered.given_id,
        leads.entity_id,
        coalesce(leads.relation, 'gone') as relation
    from registered
    left outer join leads
        on
            registered.entity_type = leads.entity_type
            and registered.given_id = leads.given_id

)

select * from given_ids
