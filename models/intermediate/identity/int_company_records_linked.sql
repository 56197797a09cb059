-- One row per two records that are taken for one company's, why, and how strong that is.
with

matches as (

    select * from {{ ref('int_company_records_matched') }}

),

judgements as (

    select *
    from {{ ref('int_company_pairs_judged') }}

),

-- a rule is stronger than any weight, and what people decided is stronger than a rule
links as (

    select
        rule,
        least(record_key, other_record_key) as record_key,
        greatest(record_key, other_record_key) as other_record_key,
        case rule
            when 'same tax_id' then 300 when 'same id of ours in the CRM' then 250 else 200
        end as strength
    from matches

    union all by name

    select
        record_key,
        other_record_key,
        case
            when judged_by = 'people' then 'people decided' else 'probability ' || probability
        end as rule,
        case when judged_by = 'people' then 1000 else weight end as strength
    from judgements
    where verdict = 'same'

),

linked as (

    select
        record_key,
        other_record_key,
        rule,
        cast(strength as decimal(9, 3)) as strength
    from links

)

select * from linked
