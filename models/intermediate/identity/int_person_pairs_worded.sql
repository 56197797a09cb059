-- One row per two profiles that weights or people link, with the evidence in words and bits.
{{ config(materialized='view') }}

with

judgements as (

    select *
    from {{ ref('int_pairs_judged') }}
    where entity_type = 'person' and verdict = 'same'

),

comparisons as (

    select * from {{ ref('int_person_pairs_compared') }}

),

weights as (

    select {{ level_weights([
        'name', 'phone', 'email', 'unionid', 'national_id', 'birth_date', 'sex', 'address',
        'company'
    ]) }}
    from {{ ref('person_match_weights') }}

),

meanings as (

    select {{ level_meanings([
        'name', 'phone', 'email', 'unionid', 'national_id', 'birth_date', 'sex', 'address',
        'company'
    ]) }}
    from {{ ref('person_match_weights') }}

),

summed as (

    select
        judgements.record_key,
        judgements.other_record_key,
        judgements.weight,
        judgements.probability,
        concat_ws(
            '; ',
            meanings.name[comparisons.name_level],
            meanings.phone[comparisons.phone_level],
            meanings.email[comparisons.email_level],
            meanings.unionid[comparisons.unionid_level],
            meanings.national_id[comparisons.national_id_level],
            meanings.birth_date[comparisons.birth_date_level],
            meanings.sex[comparisons.sex_level],
            meanings.address[comparisons.address_level],
            meanings.company[comparisons.company_level]
        ) as findings,
        -- what the levels don't say: how rare the values are, and whether the two are reached alike
        judgements.weight
        - weights.name[comparisons.name_level + 1]
        - weights.phone[comparisons.phone_level + 1]
        - weights.email[comparisons.email_level + 1]
        - weights.unionid[comparisons.unionid_level + 1]
        - weights.national_id[comparisons.national_id_level + 1]
        - weights.birth_date[comparisons.birth_date_level + 1]
        - weights.sex[comparisons.sex_level + 1]
        - weights.address[comparisons.address_level + 1]
        - weights.company[comparisons.company_level + 1] as other_weight
    from judgements
    inner join comparisons
        on
            judgements.record_key = comparisons.record_key
            and judgements.other_record_key = comparisons.other_record_key
    cross join weights
    cross join meanings

),

told as (

    select
        record_key,
        other_record_key,
        weight,
        probability,
        findings || '; rarity and context ' || other_weight as evidence
    from summed

)

select * from told
