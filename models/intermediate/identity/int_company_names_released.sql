-- One row per name or tax id that a company's changed record had before.
with

changed_records as (

    select * from {{ ref('int_records_changed') }}

),

known_identifiers as (

    {{ kept(
        'int_company_identifiers_keyed', ['record_key', 'identifier_type', 'identifier']
    ) }}

),

released as (

    select distinct
        known_identifiers.identifier_type,
        known_identifiers.identifier
    from known_identifiers
    inner join changed_records on known_identifiers.record_key = changed_records.record_key
    where known_identifiers.identifier_type in ('tax_id', 'name')

)

select * from released
