-- One row per identifier that so many differently named people share that it tells nobody apart.
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

    select *
    from {{ ref('int_person_names_normalised') }}
    where name_kind = 'full'

),

-- nearly no identifier is on so many records, and only these need their names
frequent as (

    select
        identifier_type,
        identifier
    from identifiers
    group by identifier_type, identifier
    having count(*) > {{ var('identity_hub_cap') }}

),

shared as (

    select
        frequent.identifier_type,
        frequent.identifier
    from frequent
    inner join identifiers
        on
            frequent.identifier_type = identifiers.identifier_type
            and frequent.identifier = identifiers.identifier
    inner join person_records on identifiers.record_key = person_records.record_key
    inner join names on person_records.known_as = names.raw_name
    group by frequent.identifier_type, frequent.identifier
    having count(distinct names.name_key) > {{ var('identity_hub_cap') }}

)

select * from shared
