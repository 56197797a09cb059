-- One row per value that a person's record carries of an attribute of the golden record.
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

names as (

    select * from {{ ref('int_person_names_normalised') }}

),

identifiers as (

    select *
    from {{ ref('int_person_identifiers_keyed') }}
    where {{ touched('record_key', 'int_records_changed') }}

),

facts as (

    select *
    from {{ ref('int_person_facts_derived') }}
    where {{ touched('record_key', 'int_records_changed') }}

),

-- quality: 2 is good, 1 is better than nothing
name_values as (

    select
        person_records.record_key,
        'full_name' as attribute,
        names.display_name as value,
        case when names.name_kind = 'full' then 2 else 1 end as quality
    from person_records
    inner join names on person_records.full_name = names.raw_name
    where names.name_kind != 'none'

),

identifier_values as (

    select
        record_key,
        case when identifier_type = 'phone' then 'mobile' else identifier_type end as attribute,
        identifier as value,
        case when is_key then 2 else 1 end as quality
    from identifiers
    where
        (is_key and (identifier_type != 'phone' or identifier_kind = 'mobile'))
        or reason = 'mailbox of a role'

),

resident_ids as (

    select distinct record_key
    from identifiers
    where identifier_type = 'national_id' and is_key

),

-- the resident ID says both with a check digit; a title goes with the name that we may write over
stated_facts as (

    select
        facts.record_key,
        cast(facts.birth_date as varchar) as birth_date,
        case when resident_ids.record_key is not null then facts.sex end as sex,
        case when resident_ids.record_key is null then 1 else 2 end as quality
    from facts
    left outer join resident_ids on facts.record_key = resident_ids.record_key

),

fact_values as (

    select
        record_key,
        attribute,
        value,
        quality
    from stated_facts
    unpivot (value for attribute in (birth_date, sex))

),

typed_values as (

    select
        record_key,
        attribute,
        value,
        2 as quality
    from person_records
    unpivot (value for attribute in (title, city, address))

),

unioned as (

    select * from name_values
    union all by name
    select * from identifier_values
    union all by name
    select * from fact_values
    union all by name
    select * from typed_values

),

carried as (

    select
        record_key,
        attribute,
        value,
        quality
    from unioned
    where value is not null

)

select * from carried
