-- One row per record whose sure matches have to be looked for again.
with

changed_records as (

    select * from {{ ref('int_records_changed') }}

),

touched_identifiers as (

    select * from {{ ref('int_identifiers_touched') }}

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

-- a switchboard that was one and stays one ties nobody to anybody
telling_identifiers as (

    select
        touched_identifiers.identifier_type,
        touched_identifiers.identifier
    from touched_identifiers
    left outer join shared_identifiers
        on
            touched_identifiers.identifier_type = shared_identifiers.identifier_type
            and touched_identifiers.identifier = shared_identifiers.identifier
    where shared_identifiers.identifier is null or not touched_identifiers.was_shared

),

bearers as (

    select keys.record_key
    from keys
    inner join telling_identifiers
        on
            keys.identifier_type = telling_identifiers.identifier_type
            and keys.identifier = telling_identifiers.identifier

),

borne as (

    select
        keys.identifier_type,
        keys.identifier
    from keys
    where keys.record_key in (select bearers.record_key from bearers)

    except

    select
        identifier_type,
        identifier
    from shared_identifiers

),

-- whom a part of a name may mean depends on those whom it meets elsewhere
met_bearers as (

    select keys.record_key
    from keys
    inner join borne
        on keys.identifier_type = borne.identifier_type and keys.identifier = borne.identifier

),

reached as (

    select record_key from changed_records
    union by name
    select record_key from bearers
    union by name
    select record_key from met_bearers

),

rematched as (

    select record_key
    from reached
    where {{ in_partial_build() }}

)

select * from rematched
