-- One row per source, identifier type and reason: how many identifiers match no record.
with

person_records as (

    select * from {{ ref('int_person_records_unioned') }}

),

person_identifiers as (

    select * from {{ ref('int_person_identifiers_keyed') }}

),

company_records as (

    select * from {{ ref('int_company_records_unioned') }}

),

company_identifiers as (

    select * from {{ ref('int_company_identifiers_keyed') }}

),

identifiers as (

    select
        'person' as entity_type,
        person_records.source_system,
        person_identifiers.identifier_type,
        person_identifiers.reason
    from person_identifiers
    inner join person_records on person_identifiers.record_key = person_records.record_key

    union all by name

    select
        'company' as entity_type,
        company_records.source_system,
        company_identifiers.identifier_type,
        company_identifiers.reason
    from company_identifiers
    inner join company_records on company_identifiers.record_key = company_records.record_key

),

counted as (

    select
        entity_type,
        source_system,
        identifier_type,
        reason,
        count(*) as rejected_count,
        sum(count(*)) over (partition by entity_type, source_system, identifier_type)
            as identifier_count
    from identifiers
    group by entity_type, source_system, identifier_type, reason

),

rejected as (

    select
        entity_type,
        source_system,
        identifier_type,
        reason,
        rejected_count,
        cast(identifier_count as bigint) as identifier_count
    from counted
    where reason is not null

)

select * from rejected
