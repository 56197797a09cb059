-- One row per company and attribute: the value that survived, where it came from and by what rule.
with

identified as (

    select
        record_key,
        entity_id as company_id
    from {{ ref('int_records_identified') }}
    where entity_type = 'company'

),

company_records as (

    select * from {{ ref('int_company_records_unioned') }}

),

identifiers as (

    select * from {{ ref('int_company_identifiers_keyed') }}

),

rules as (

    select *
    from {{ ref('survivorship_rules') }}
    where entity_type = 'company'

),

source_trust as (

    select *
    from {{ ref('source_trust') }}
    where entity_type = 'company'

),

identifier_values as (

    select
        record_key,
        identifier_type as attribute,
        identifier as value
    from identifiers
    where is_key and identifier_type != 'name'

),

typed_values as (

    select
        record_key,
        attribute,
        value
    from company_records
    unpivot (value for attribute in (company_name, city, address))

),

unioned as (

    select * from identifier_values
    union all by name
    select * from typed_values

),

survived as (

    select
        identified.company_id,
        unioned.attribute,
        unioned.value,
        unioned.record_key,
        company_records.source_system,
        rules.rule
    from unioned
    inner join identified on unioned.record_key = identified.record_key
    inner join company_records on unioned.record_key = company_records.record_key
    inner join rules on unioned.attribute = rules.attribute
    left outer join source_trust on company_records.source_system = source_trust.source_system
    qualify
        row_number()
            over (
                partition by identified.company_id, unioned.attribute
                order by
                    company_records.is_deleted asc,
                    case when rules.rule = 'most_trusted_source' then source_trust.trust end
                    asc nulls last,
                    case when rules.rule = 'most_complete' then length(unioned.value) end
                    desc nulls last,
                    company_records.last_seen_at desc nulls last,
                    source_trust.trust asc nulls last,
                    unioned.record_key asc,
                    unioned.value asc
            )
        = 1

)

select * from survived
