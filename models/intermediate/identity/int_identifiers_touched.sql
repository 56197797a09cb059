-- One row per identifier that a changed record has or had before.
with

person_identifiers as (

    select *
    from {{ ref('int_person_identifiers_keyed') }}
    where is_key

),

company_identifiers as (

    select *
    from {{ ref('int_company_identifiers_keyed') }}
    where is_key and identifier_type in ('tax_id', 'name')

),

changed_records as (

    select * from {{ ref('int_records_changed') }}

),

released_identifiers as (

    select * from {{ ref('int_identifiers_released') }}

),

known_shared as (

    {{ kept('int_person_identifiers_shared', ['identifier_type', 'identifier']) }}

),

had_or_has as (

    select
        person_identifiers.identifier_type,
        person_identifiers.identifier
    from person_identifiers
    inner join changed_records on person_identifiers.record_key = changed_records.record_key

    union by name

    select
        company_identifiers.identifier_type,
        company_identifiers.identifier
    from company_identifiers
    inner join changed_records on company_identifiers.record_key = changed_records.record_key

    union by name

    select
        identifier_type,
        identifier
    from released_identifiers

),

touched as (

    select
        had_or_has.identifier_type,
        had_or_has.identifier,
        known_shared.identifier is not null as was_shared
    from had_or_has
    left outer join known_shared
        on
            had_or_has.identifier_type = known_shared.identifier_type
            and had_or_has.identifier = known_shared.identifier
    where {{ in_partial_build() }}

)

select * from touched
