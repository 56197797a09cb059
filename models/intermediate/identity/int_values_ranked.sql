-- One row per value that may become the golden record's, by its place, and why another came first.
{{ config(materialized='view') }}

with

identified as (

    select * from {{ ref('int_records_identified') }}

),

records as (

    select * from {{ ref('int_records_unioned') }}

),

rules as (

    select * from {{ ref('survivorship_rules') }}

),

source_trust as (

    select * from {{ ref('source_trust') }}

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

ordered as (

    select
        entity_type,
        entity_id,
        attribute,
        value,
        record_key,
        source_system,
        rule,
        quality,
        is_deleted,
        trust,
        bearer_count,
        last_seen_at,
        count(distinct value) over (partition by entity_type, entity_id, attribute)
            as value_count,
        row_number() over by_rule as place,
        first_value(value) over by_rule as best_value,
        first_value(quality) over by_rule as best_quality,
        first_value(is_deleted) over by_rule as is_best_deleted,
        first_value(trust) over by_rule as best_trust,
        first_value(bearer_count) over by_rule as best_bearer_count,
        first_value(last_seen_at) over by_rule as best_seen_at
    from gathered
    window
        by_rule as (
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

),

ranked as (

    select
        entity_type,
        entity_id,
        attribute,
        value,
        record_key,
        source_system,
        rule,
        bearer_count,
        value_count,
        place,
        case
            when place = 1 then null
            when value = best_value then 'it is the same value'
            when quality < best_quality then 'it is less certain'
            when is_deleted and not is_best_deleted then 'its record is deleted'
            when
                rule = 'most_trusted_source'
                and coalesce(trust > best_trust, best_trust is not null)
                then 'its source is trusted less'
            when rule = 'most_complete' and length(value) < length(best_value)
                then 'it is less complete'
            when rule = 'most_frequent' and bearer_count < best_bearer_count
                then 'fewer records have it'
            when coalesce(last_seen_at < best_seen_at, best_seen_at is not null)
                then 'it was seen earlier'
            when coalesce(trust > best_trust, best_trust is not null)
                then 'its source is trusted less'
            else 'its key sorts later'
        end as lost_because
    from ordered

)

select * from ranked
