-- One row per record with a number of which one person or company has only one.
{{ config(materialized='view') }}

with

person_keys as (

    select * from {{ ref('int_person_keys_named') }}

),

shared_identifiers as (

    select * from {{ ref('int_person_identifiers_shared') }}

),

company_identifiers as (

    select * from {{ ref('int_company_identifiers_keyed') }}

),

claimed as (

    select
        person_keys.record_key,
        min(person_keys.identifier) as claim
    from person_keys
    left outer join shared_identifiers
        on
            person_keys.identifier_type = shared_identifiers.identifier_type
            and person_keys.identifier = shared_identifiers.identifier
    where person_keys.identifier_type = 'national_id' and shared_identifiers.identifier is null
    group by person_keys.record_key

    union all by name

    select
        record_key,
        min(coalesce(weak_identifier, identifier)) as claim
    from company_identifiers
    where identifier_type = 'tax_id' and is_key
    group by record_key

)

select * from claimed
