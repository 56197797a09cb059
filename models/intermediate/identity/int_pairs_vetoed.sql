-- One row per two records that must not be one person's or company's.
with

judgements as (

    select * from {{ ref('int_pairs_judged') }}

),

crm_links as (

    select *
    from {{ ref('int_crm_records_anchored') }}
    where is_compared_alone

),

joined_records as (

    select * from {{ ref('int_records_joined') }}

),

contradictions as (

    select
        judgements.record_key,
        judgements.other_record_key,
        judgements.judged_by,
        coalesce(joined_records.component_id, judgements.record_key) as group_key,
        coalesce(other_joined_records.component_id, judgements.other_record_key)
            as other_group_key
    from judgements
    left outer join joined_records on judgements.record_key = joined_records.node_id
    left outer join joined_records as other_joined_records
        on judgements.other_record_key = other_joined_records.node_id
    where
        judgements.verdict = 'different'
        and judgements.is_contradictory
        and (judgements.judged_by = 'people' or judgements.probability < 0.05)

),

-- what people type at a customer of ours may contradict what we know: it is news, not somebody else
bound_groups as (

    select
        coalesce(joined_records.component_id, crm_links.record_key) as group_key,
        coalesce(other_joined_records.component_id, crm_links.other_record_key) as other_group_key
    from crm_links
    left outer join joined_records on crm_links.record_key = joined_records.node_id
    left outer join joined_records as other_joined_records
        on crm_links.other_record_key = other_joined_records.node_id

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

vetoed as (

    select
        contradictions.record_key,
        contradictions.other_record_key,
        contradictions.judged_by
    from contradictions
    left outer join bound_pairs
        on
            contradictions.group_key = bound_pairs.group_key
            and contradictions.other_group_key = bound_pairs.other_group_key
    where bound_pairs.group_key is null or contradictions.judged_by = 'people'

)

select * from vetoed
