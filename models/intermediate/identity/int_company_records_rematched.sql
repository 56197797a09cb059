-- One row per record of a company whose sure matches have to be looked for again.
with

changed_records as (

    select * from {{ ref('int_records_changed') }}

),

released_names as (

    select * from {{ ref('int_company_names_released') }}

),

keys as (

    select *
    from {{ ref('int_company_identifiers_keyed') }}
    where is_key and identifier_type in ('tax_id', 'name')

),

borne as (

    select
        keys.identifier_type,
        keys.identifier
    from keys
    inner join changed_records on keys.record_key = changed_records.record_key

    union by name

    select
        identifier_type,
        identifier
    from released_names

),

rematched as (

    select record_key from changed_records

    union by name

    select keys.record_key
    from keys
    inner join borne
        on keys.identifier_type = borne.identifier_type and keys.identifier = borne.identifier

)

select record_key
from rematched
where {{ in_partial_build() }}
