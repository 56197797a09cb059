-- One row per person or company and attribute of the golden record: why this value, and from where.
with

survivors as (

    select * from {{ ref('int_values_survived') }}

),

golden_values as (

    select
        -- ids
        entity_id,
        record_key,

        -- codes
        entity_type,
        attribute,

        -- strings
        value,
        source_system,
        rule,

        -- numbers
        bearer_count,
        value_count
    from survivors

)

select * from golden_values
