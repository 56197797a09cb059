-- One row per identifier of a record that shares one with a rematched record.
with

rematched_records as (

    select * from {{ ref('int_person_records_rematched') }}

),

shared_identifiers as (

    select * from {{ ref('int_person_identifiers_shared') }}

),

keys as (

    select * from {{ ref('int_person_keys_named') }}

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
