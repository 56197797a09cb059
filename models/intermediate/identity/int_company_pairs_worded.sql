-- One row per two profiles that weights or people link, with the evidence in words and bits.
{{ config(materialized='view') }}

with

judgements as (

    select *
    from {{ ref('int_pairs_judged') }}
    where entity_type = 'company' and verdict = 'same'

),

comparisons as (

    select * from {{ ref('int_company_pairs_compared') }}

),

weights as (

    select {{ level_weights(['name', 'tax_id', 'phone', 'mail_domain', 'address']) }}
    from {{ ref('company_match_weights') }}

),

meanings as (

    select {{ level_meanings(['name', 'tax_id', 'phone', 'mail_domain', 'address']) }}
    from {{ ref('company_match_weights') }}

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
            meanings.tax_id[comparisons.tax_id_level],
            meanings.phone[comparisons.phone_level],
            meanings.mail_domain[comparisons.mail_domain_level],
            meanings.address[comparisons.address_level]
        ) as findings,
        -- what the levels don't say: how rare the values are, and whether the two are reached alike
        judgements.weight
        - weights.name[comparisons.name_level + 1]
        - weights.tax_id[comparisons.tax_id_level + 1]
        - weights.phone[comparisons.phone_level + 1]
        - weights.mail_domain[comparisons.mail_domain_level + 1]
        - weights.address[comparisons.address_level + 1] as other_weight
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
