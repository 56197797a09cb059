-- One row per value that a company's record carries of an attribute of the golden record.
{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='record_key',
    touched_by='int_records_changed'
) }}

with

company_records as (

    select * from {{ ref('int_company_records_renewed') }}

),

identifiers as (

    select *
    from {{ ref('int_company_identifiers_keyed') }}
    where {{ touched('record_key', 'int_records_changed') }}

),

identifier_values as (

    select
        record_key,
        identifier_type as attribute,
        identifier as value
    from identifiers
    where is_key and identifier_type != 'name'

),

typed_values as (

    select
        record_key,
        attribute,
        value
    from company_records
    unpivot (value for attribute in (company_name, city, address))

),

unioned as (

    select * from identifier_values
    union all by name
    select * from typed_values

),

carried as (

    select
        record_key,
        attribute,
        value,
        2 as quality
    from unioned

)

select * from carried
