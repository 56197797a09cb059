-- One row per two records about which people are asked whether they are one.
with

pairs as (

    select * from {{ ref('int_pairs_questioned') }}

),

explanations as (

    select
        'person' as entity_type,
        record_key,
        other_record_key,
        comparison,
        meaning,
        weight,
        value,
        other_value
    from {{ ref('int_person_pairs_explained') }}

    union all by name

    select
        'company' as entity_type,
        record_key,
        other_record_key,
        comparison,
        meaning,
        weight,
        value,
        other_value
    from {{ ref('int_company_pairs_explained') }}

),

told as (

    select
        entity_type,
        record_key,
        other_record_key,
        string_agg(
            meaning || coalesce(': ' || value, '') || coalesce(' | ' || other_value, ''),
            '; ' order by abs(weight) desc, comparison asc
        ) as evidence
    from explanations
    group by entity_type, record_key, other_record_key

),

reviews as (

    select
        {{ pair_key('pairs.entity_type', 'pairs.record_key', 'pairs.other_record_key') }}
            as pair_key,
        pairs.entity_type,
        pairs.record_key,
        pairs.other_record_key,
        pairs.probability,
        told.evidence,
        pairs.state
    from pairs
    left outer join told
        on
            pairs.entity_type = told.entity_type
            and pairs.record_key = told.record_key
            and pairs.other_record_key = told.other_record_key

)

select * from reviews
