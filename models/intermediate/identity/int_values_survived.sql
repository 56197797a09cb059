-- One row per person or company and attribute: the value that survived, from where, by what rule.
with

identified as (

    select * from {{ ref('int_records_identified') }}

),

person_records as (

    select * from {{ ref('int_person_records_unioned') }}

),

company_records as (

    select * from {{ ref('int_company_records_unioned') }}

),

rules as (

    select * from {{ ref('survivorship_rules') }}

),

source_trust as (

    select * from {{ ref('source_trust') }}

),

records as (

    select
        'person' as entity_type,
        record_key,
        source_system,
        is_deleted,
        last_seen_at
    from person_records

    union all by name

    select
        'company' as entity_type,
        record_key,
        source_system,
        is_deleted,
        last_seen_at
    from company_records

),

carried as (

    select
        'person' as entity_type,
        *
    from {{ ref('int_person_values_carried') }}

    union all by name

    select
        'company' as entity_type,
        *
    from {{ ref('int_company_values_carried') }}

),

gathered as (

    select
        identified.entity_type,
        identified.entity_id,
        carried.attribute,
        carried.value,
        carried.record_key,
        carried.quality,
        records.source_system,
        records.is_deleted,
        records.last_seen_at,
        source_trust.trust,
        rules.rule,
        count(*) over (
            partition by
                identified.entity_type, identified.entity_id, carried.attribute, carried.value
        ) as bearer_count
    from carried
    inner join identified
        on
            carried.entity_type = identified.entity_type
            and carried.record_key = identified.record_key
    inner join records
        on carried.entity_type = records.entity_type and carried.record_key = records.record_key
    inner join rules
        on carried.entity_type = rules.entity_type and carried.attribute = rules.attribute
    left outer join source_trust
        on
            records.entity_type = source_trust.entity_type
            and records.source_system = source_trust.source_system

),

survived as (

    select
        entity_type,
        entity_id,
        attribute,
        value,
        record_key,
        source_system,
        rule,
        bearer_count,
        count(distinct value) over (partition by entity_type, entity_id, attribute) as value_count
    from gathered
    qualify
        row_number()
            over (
                partition by entity_type, entity_id, attribute
                order by
                    -- verified, and not deleted: that comes before any rule
                    quality desc,
                    is_deleted asc,
                    case when rule = 'most_trusted_source' then trust end asc nulls last,
                    case when rule = 'most_complete' then length(value) end desc nulls last,
                    case when rule = 'most_frequent' then bearer_count end desc nulls last,
                    last_seen_at desc nulls last,
                    trust asc nulls last,
                    record_key asc,
                    value asc
            )
        = 1

)

select * from survived
