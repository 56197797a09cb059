-- One row per record with a number of which one person or company has only one.
with

person_keys as (

    select * from {{ ref('int_person_keys_named') }}

),

company_identifiers as (

    select * from {{ ref('int_company_identifiers_keyed') }}

),

claimed as (

    select
        record_key,
        min(identifier) as claim
    from person_keys
    where identifier_type = 'national_id'
    group by record_key

    union all by name

    select
        record_key,
        min(identifier) as claim
    from company_identifiers
    where identifier_type = 'tax_id' and is_key
    group by record_key

)

select * from claimed
