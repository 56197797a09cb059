-- One row per two records that must not be one person's or company's.
{{ config(materialized='view') }}

with

judgements as (

    select * from {{ ref('int_pairs_judged') }}

),

crm_links as (

    select *
    from {{ ref('int_crm_records_anchored') }}
    where is_compared_alone

),

grouped_records as (

    select * from {{ ref('int_records_grouped') }}

),

bound_groups as (

    select
        grouped_records.group_key,
        other_grouped_records.group_key as other_group_key
    from crm_links
    inner join grouped_records on crm_links.record_key = grouped_records.record_key
    inner join grouped_records as other_grouped_records
        on crm_links.other_record_key = other_grouped_records.record_key

),

-- either way round
bound_pairs as (

    select
        group_key,
        other_group_key
    from bound_groups
    union by name
    select
        other_group_key as group_key,
        group_key as other_group_key
    from bound_groups

),

-- what people type at a customer of ours may contradict what we know: it is news, not somebody else
bound_records as (

    select
        grouped_records.record_key,
        other_grouped_records.record_key as other_record_key
    from bound_pairs
    inner join grouped_records on bound_pairs.group_key = grouped_records.group_key
    inner join grouped_records as other_grouped_records
        on bound_pairs.other_group_key = other_grouped_records.group_key

),

vetoed as (

    select
        judgements.record_key,
        judgements.other_record_key,
        judgements.judged_by
    from judgements
    left outer join bound_records
        on
            judgements.record_key = bound_records.record_key
            and judgements.other_record_key = bound_records.other_record_key
    where
        judgements.verdict = 'different'
        and judgements.is_contradictory
        and (
            judgements.judged_by = 'people'
            or (judgements.probability < 0.05 and bound_records.record_key is null)
        )

)

select * from vetoed
