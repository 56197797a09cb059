-- One row per record of a person: what its identifiers, title and address say besides.
{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='record_key',
    touched_by='int_records_changed'
) }}

with

person_records as (

    select * from {{ ref('int_person_records_renewed') }}

),

identifiers as (

    select *
    from {{ ref('int_person_identifiers_keyed') }}
    where {{ touched('record_key', 'int_records_changed') }}

),

names as (

    select * from {{ ref('int_person_names_normalised') }}

),

addresses as (

    select * from {{ ref('int_addresses_normalised') }}

),

cities as (

    select * from {{ ref('int_cities_normalised') }}

),

placeholders as (

    select *
    from {{ ref('placeholders') }}
    where attribute = 'birth_date'

),

resident_ids as (

    select
        record_key,
        {{ resident_id_birth_date('identifier') }} as birth_date,
        {{ resident_id_sex('identifier') }} as sex
    from identifiers
    where identifier_type = 'national_id' and is_key

),

derived as (

    select
        person_records.record_key,
        addresses.province,
        cities.city_key,
        addresses.district,
        addresses.postcode,
        addresses.rest_key,
        addresses.number_key,
        -- the resident ID has it with a check digit
        coalesce(
            resident_ids.birth_date,
            case when placeholders.value is null then person_records.birth_date end
        ) as birth_date,
        coalesce(resident_ids.sex, names.sex) as sex
    from person_records
    left outer join resident_ids on person_records.record_key = resident_ids.record_key
    left outer join names on person_records.known_as = names.raw_name
    left outer join addresses on person_records.address = addresses.raw_address
    left outer join cities on coalesce(person_records.city, addresses.city) = cities.raw_city
    left outer join placeholders on cast(person_records.birth_date as varchar) = placeholders.value

)

select * from derived
