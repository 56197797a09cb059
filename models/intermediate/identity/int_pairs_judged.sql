-- One row per two records that were compared or decided on: one, two, or a question.
{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key=['record_key', 'other_record_key'],
    touched_by='int_records_recompared',
    touched_key='record_key'
) }}

with

person_scores as (

    select * from {{ ref('int_person_pairs_scored') }}

),

company_scores as (

    select * from {{ ref('int_company_pairs_scored') }}

),

decisions as (

    select *
    from {{ ref('stg_decisions__match_decisions') }}
    where {{ touched(['record_key', 'other_record_key'], 'int_records_recompared') }}

),

records as (

    select * from {{ ref('int_records_unioned') }}

),

scores as (

    select
        'person' as entity_type,
        record_key,
        other_record_key,
        weight,
        is_contradictory
    from person_scores

    union all by name

    select
        'company' as entity_type,
        record_key,
        other_record_key,
        weight,
        is_contradictory
    from company_scores

),

estimated as (

    select
        entity_type,
        record_key,
        other_record_key,
        weight,
        is_contradictory,
        cast(1 / (1 + power(2, -weight)) as decimal(5, 4)) as probability
    from scores

),

weighed as (

    select
        estimated.entity_type,
        estimated.record_key,
        estimated.other_record_key,
        estimated.weight,
        estimated.probability,
        estimated.is_contradictory,
        'weights' as judged_by,
        case
            when estimated.probability >= {{ var('identity_merge_probability') }} then 'same'
            when estimated.probability >= {{ var('identity_review_probability') }} then 'review'
            else 'different'
        end as verdict
    from estimated
    left outer join decisions
        on
            estimated.entity_type = decisions.entity_type
            and estimated.record_key = decisions.record_key
            and estimated.other_record_key = decisions.other_record_key
    where decisions.verdict is null

),

-- a decision on a record that is gone decides nothing
decided as (

    select
        decisions.entity_type,
        decisions.record_key,
        decisions.other_record_key,
        estimated.weight,
        estimated.probability,
        decisions.verdict = 'different' as is_contradictory,
        'people' as judged_by,
        decisions.verdict
    from decisions
    inner join records
        on
            decisions.entity_type = records.entity_type
            and decisions.record_key = records.record_key
    inner join records as other_records
        on
            decisions.entity_type = other_records.entity_type
            and decisions.other_record_key = other_records.record_key
    left outer join estimated
        on
            decisions.entity_type = estimated.entity_type
            and decisions.record_key = estimated.record_key
            and decisions.other_record_key = estimated.other_record_key

),

unioned as (

    select * from decided
    union all by name
    select * from weighed

),

-- most are different and seldom asked for: who reads the others passes by whole blocks of these
judged as (

    select
        entity_type,
        record_key,
        other_record_key,
        weight,
        probability,
        is_contradictory,
        judged_by,
        verdict
    from unioned
    order by verdict

)

select * from judged
