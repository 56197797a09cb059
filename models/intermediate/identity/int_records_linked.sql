-- One row per two records that are taken for one customer's, why, and how strong that is.
{{ config(materialized='view') }}

with

person_matches as (

    select * from {{ ref('int_person_records_matched') }}

),

company_matches as (

    select * from {{ ref('int_company_records_matched') }}

),

crm_links as (

    select *
    from {{ ref('int_crm_records_anchored') }}
    where is_compared_alone

),

judgements as (

    select * from {{ ref('int_pairs_judged') }}

),

matches as (

    select
        'person' as entity_type,
        *
    from person_matches

    union all by name

    select
        'company' as entity_type,
        *
    from company_matches

    union all by name

    select
        entity_type,
        record_key,
        other_record_key,
        'same id of ours in the CRM' as rule
    from crm_links

),

-- a rule is stronger than any weight, and what people decided is stronger than a rule
links as (

    select
        entity_type,
        rule,
        least(record_key, other_record_key) as record_key,
        greatest(record_key, other_record_key) as other_record_key,
        case
            when rule in ('same national_id', 'same tax_id') then 300
            when rule = 'same id of ours in the CRM' then 250
            else 200
        end as strength
    from matches

    union all by name

    select
        entity_type,
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
        entity_type,
        record_key,
        other_record_key,
        rule,
        cast(strength as decimal(9, 3)) as strength
    from links

)

select * from linked
