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

shared as (

    select
        identifiers.identifier_type,
        identifiers.identifier
    from identifiers
    inner join person_records on identifiers.record_key = person_records.record_key
    inner join names on person_records.known_as = names.raw_name
    group by identifiers.identifier_type, identifiers.identifier
    having count(distinct names.name_key) > {{ var('identity_hub_cap') }}

)

select * from shared
