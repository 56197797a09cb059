-- One row per identifier that a changed record had before.
with

changed_records as (

    select * from {{ ref('int_records_changed') }}

),

known_person_keys as (

    {{ kept('int_person_keys_named', ['record_key', 'identifier_type', 'identifier']) }}

),

known_company_identifiers as (

    {{ kept('int_company_identifiers_keyed', ['record_key', 'identifier_type', 'identifier']) }}

),

released as (

    select
        known_person_keys.identifier_type,
        known_person_keys.identifier
    from known_person_keys
    inner join changed_records on known_person_keys.record_key = changed_records.record_key

    union by name

    -- what companies share besides joins none of them
    select
        known_company_identifiers.identifier_type,
        known_company_identifiers.identifier
    from known_company_identifiers
    inner join changed_records
        on known_company_identifiers.record_key = changed_records.record_key
    where known_company_identifiers.identifier_type in ('tax_id', 'name')

)

select * from released
