-- One row per answer: how many pairs that are reached alike look like one person, or like two.
{{ config(materialized='incremental', full_refresh=false) }}

with

records as (

    select record_key
    from {{ ref('int_person_records_profiled') }}
    -- counted once, so that weights stay as they are, until `identity recount`
    where {{ '(select count(*) from ' ~ this ~ ') = 0' if is_incremental() else 'true' }}

),

pairs as (

    select *
    from {{ ref('int_person_pairs_compared') }}
    where
        exists (select 1 from records)
        and birth_date_level != 0
        and (phone_level = 1 or email_level = 1 or address_level in (1, 2))

),

-- whose names are two and birth dates one is a twin, or somebody whose name was mistaken
judged as (

    select
        name_level in (6, 9, 10, 11, 12, 16) and birth_date_level in (4, 5) as is_two,
        count(*) as pair_count
    from pairs
    group by is_two

),

-- both are there from the first record on, so that nothing is counted later
answers as (

    select unnest([false, true]) as is_two
    where exists (select 1 from records)

),

counted as (

    select
        answers.is_two,
        coalesce(judged.pair_count, 0) as pair_count
    from answers
    left outer join judged on answers.is_two = judged.is_two

)

select * from counted
