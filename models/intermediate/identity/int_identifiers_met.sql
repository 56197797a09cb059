-- One row per identifier of a record that shares one with a rematched record.
with

rematched_records as (

    select * from {{ ref('int_records_rematched') }}

),

shared_identifiers as (

    select * from {{ ref('int_person_identifiers_shared') }}

),

person_keys as (

    select * from {{ ref('int_person_keys_named') }}

),

company_keys as (

    select *
    from {{ ref('int_company_identifiers_keyed') }}
    where is_key and identifier_type in ('tax_id', 'name')

),

keys as (

    select
        record_key,
        identifier_type,
        identifier
    from person_keys

    union all by name

    select
        record_key,
        identifier_type,
        identifier
    from company_keys

),

borne as (

    select
        keys.identifier_type,
        keys.identifier
    from keys
    inner join rematched_records on keys.record_key = rematched_records.record_key

    except

    select
        identifier_type,
        identifier
    from shared_identifiers

),

met_records as (

    select distinct keys.record_key
    from keys
    inner join borne
        on keys.identifier_type = borne.identifier_type and keys.identifier = borne.identifier

),

met as (

    select distinct
        keys.identifier_type,
        keys.identifier
    from keys
    inner join met_records on keys.record_key = met_records.record_key
    where {{ in_partial_build() }}

)

select * from met
