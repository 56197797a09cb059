-- One row per identifier that a changed record has or had before.
with

identifiers as (

    select *
    from {{ ref('int_person_identifiers_keyed') }}
    where is_key

),

changed_records as (

    select * from {{ ref('int_records_changed') }}

),

known_keys as (

    {{ kept('int_person_keys_named', ['record_key', 'identifier_type', 'identifier']) }}

),

known_shared as (

    {{ kept('int_person_identifiers_shared', ['identifier_type', 'identifier']) }}

),

had_or_has as (

    select
        identifiers.identifier_type,
        identifiers.identifier
    from identifiers
    inner join changed_records on identifiers.record_key = changed_records.record_key

    union by name

    select
        known_keys.identifier_type,
        known_keys.identifier
    from known_keys
    inner join changed_records on known_keys.record_key = changed_records.record_key

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
