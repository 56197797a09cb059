-- One row per record of a company that has a name or tax id of a rematched record.
with

rematched_records as (

    select * from {{ ref('int_company_records_rematched') }}

),

keys as (

    select *
    from {{ ref('int_company_identifiers_keyed') }}
    where is_key and identifier_type in ('tax_id', 'name')

),

borne as (

    select distinct
        keys.identifier_type,
        keys.identifier
    from keys
    inner join rematched_records on keys.record_key = rematched_records.record_key

),

met as (

    select distinct keys.record_key
    from keys
    inner join borne
        on keys.identifier_type = borne.identifier_type and keys.identifier = borne.identifier
    where {{ in_partial_build() }}

)

select * from met
