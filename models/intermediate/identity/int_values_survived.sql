-- One row per person or company and attribute: the value that survived, from where, by what rule.
with

candidates as (

    select * from {{ ref('int_values_ranked') }}

),

survived as (

    select
        entity_type,
        entity_id,
        attribute,
        value,
        record_key,
        source_system,
        rule,
        bearer_count,
        value_count
    from candidates
    where place = 1

)

select * from survived
