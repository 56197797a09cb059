-- One row per person and company for which the person works.
with

relations as (

    select * from {{ ref('int_person_companies_related') }}

),

source_trust as (

    select *
    from {{ ref('source_trust') }}
    where entity_type = 'person'

),

related as (

    select
        relations.person_id,
        relations.company_id,
        string_agg(distinct relations.source_system, ',' order by relations.source_system)
            as source_systems,
        min(relations.first_seen_at) as first_seen_at,
        max(relations.last_seen_at) as last_seen_at,
        bool_and(relations.is_deleted) as is_deleted,
        min(source_trust.trust) as best_trust
    from relations
    left outer join source_trust on relations.source_system = source_trust.source_system
    group by relations.person_id, relations.company_id

),

ranked as (

    select
        person_id,
        company_id,
        source_systems,
        first_seen_at,
        last_seen_at,
        row_number()
            over (
                partition by person_id
                order by
                    is_deleted asc, best_trust asc nulls last, last_seen_at desc, company_id asc
            )
        = 1 as is_primary
    from related

)

select * from ranked
