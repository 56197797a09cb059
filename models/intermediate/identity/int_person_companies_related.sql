-- One row per record that says for which company a person works.
with

person_records as (

    select * from {{ ref('int_person_records_unioned') }}

),

identified as (

    select * from {{ ref('int_records_identified') }}

),

company_names as (

    select * from {{ ref('int_company_names_normalised') }}

),

company_identifiers as (

    select *
    from {{ ref('int_company_identifiers_keyed') }}
    where identifier_type = 'name' and is_key

),

bound_records as (

    select * from {{ ref('int_crm_records_identified') }}

),

company_records as (

    select
        record_key,
        entity_id as company_id
    from identified
    where entity_type = 'company'

    union by name

    select
        record_key,
        entity_id as company_id
    from bound_records
    where entity_type = 'company'

),

pointed_to as (

    select
        person_records.record_key,
        company_records.company_id
    from person_records
    inner join company_records on person_records.company_record_key = company_records.record_key

),

known_names as (

    select distinct
        company_identifiers.identifier as name_key,
        company_identifiers.region,
        company_records.company_id
    from company_identifiers
    inner join company_records on company_identifiers.record_key = company_records.record_key

),

-- whom somebody names as their employer, if only one company is called so
named as (

    select
        person_records.record_key,
        min(known_names.company_id) as company_id
    from person_records
    inner join company_names on person_records.company_name = company_names.raw_name
    inner join known_names
        on
            company_names.name_key = known_names.name_key
            and coalesce(company_names.region, known_names.region, '')
            = coalesce(known_names.region, company_names.region, '')
    group by person_records.record_key
    having count(distinct known_names.company_id) = 1

),

employers as (

    select * from pointed_to
    union all by name
    select * from named

),

related as (

    select
        employers.record_key,
        identified.entity_id as person_id,
        employers.company_id,
        person_records.source_system,
        person_records.is_deleted,
        person_records.first_seen_at,
        person_records.last_seen_at
    from employers
    inner join identified
        on
            employers.record_key = identified.record_key
            and identified.entity_type = 'person'
    inner join person_records on employers.record_key = person_records.record_key

)

select * from related
