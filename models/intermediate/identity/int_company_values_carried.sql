-- One row per value that a company's record carries of an attribute of the golden record.
with

company_records as (

    select * from {{ ref('int_company_records_unioned') }}

),

identifiers as (

    select * from {{ ref('int_company_identifiers_keyed') }}

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
