-- One row per usable identifier of a person's record, with the name it came with.
with

identifiers as (

    select *
    from {{ ref('int_person_identifiers_keyed') }}
    where is_key

),

person_records as (

    select * from {{ ref('int_person_records_unioned') }}

),

names as (

    select * from {{ ref('int_person_names_normalised') }}

),

facts as (

    select * from {{ ref('int_person_facts_derived') }}

),

shared_identifiers as (

    select * from {{ ref('int_person_identifiers_shared') }}

),

resident_ids as (

    select
        record_key,
        identifier as national_id
    from identifiers
    where identifier_type = 'national_id'

),

named as (

    select
        identifiers.record_key,
        identifiers.identifier_type,
        identifiers.identifier,
        identifiers.identifier_kind,
        names.name_key,
        names.first_part,
        names.last_part,
        names.generation,
        coalesce(names.sex, names.given_sex) as sex,
        resident_ids.national_id,
        year(facts.birth_date) as birth_year,
        case when {{ has_han('names.written_key') }} then names.written_key end as han_key,
        coalesce(names.name_kind, 'none') as name_kind
    from identifiers
    inner join person_records on identifiers.record_key = person_records.record_key
    inner join facts on identifiers.record_key = facts.record_key
    left outer join names on person_records.known_as = names.raw_name
    left outer join resident_ids on identifiers.record_key = resident_ids.record_key
    left outer join shared_identifiers
        on
            identifiers.identifier_type = shared_identifiers.identifier_type
            and identifiers.identifier = shared_identifiers.identifier
    -- a switchboard or a shared mailbox says nothing of who called
    where shared_identifiers.identifier is null

)

select * from named
