-- One row per two records that must not be one person's or company's.
{{ config(materialized='view') }}

with

judgements as (

    select * from {{ ref('int_pairs_judged') }}

),

vetoed as (

    select
        record_key,
        other_record_key,
        judged_by
    from judgements
    where
        verdict = 'different'
        and is_contradictory
        and (judged_by = 'people' or probability < 0.05)

)

select * from vetoed
