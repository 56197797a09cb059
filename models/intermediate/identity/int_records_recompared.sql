-- One row per record whose group has to be compared with others again, or that is gone.
with

regrouped_records as (

    select * from {{ ref('int_records_regrouped') }}

),

released_blocks as (

    select * from {{ ref('int_blocks_released') }}

),

blocks as (

    select * from {{ ref('int_blocks_keyed') }}

),

-- a group's key is one of its records
taken_blocks as (

    select *
    from {{ ref('int_blocks_keyed') }}
    where group_key in (select regrouped_records.record_key from regrouped_records)

),

records as (

    select * from {{ ref('int_records_grouped') }}

),

decisions as (

    select
        record_key,
        other_record_key,
        verdict
    from {{ ref('stg_decisions__match_decisions') }}

),

known_judgements as (

    {{ kept(
        'int_pairs_judged', ['record_key', 'other_record_key', 'verdict', 'judged_by']
    ) }}

),

moved as (

    select
        block_key,
        1 as moved_by
    from taken_blocks

    union all by name

    select
        block_key,
        -1 as moved_by
    from released_blocks

),

moved_blocks as (

    select
        block_key,
        sum(moved_by) as moved_by
    from moved
    group by block_key

),

sized as (

    select
        blocks.group_key,
        moved_blocks.moved_by,
        count(*) over (partition by blocks.block_key) as block_size
    from blocks
    inner join moved_blocks on blocks.block_key = moved_blocks.block_key

),

answers as (

    select
        record_key,
        other_record_key,
        verdict
    from known_judgements
    where judged_by = 'people'

),

-- what was answered since, and what was taken back
turned_answers as (

    select
        coalesce(decisions.record_key, answers.record_key) as record_key,
        coalesce(decisions.other_record_key, answers.other_record_key) as other_record_key
    from decisions
    full outer join answers
        on
            decisions.record_key = answers.record_key
            and decisions.other_record_key = answers.other_record_key
    where decisions.verdict is distinct from answers.verdict

),

touched_groups as (

    select group_key from taken_blocks

    union by name

    -- a key that has become too frequent, or isn't any more, matters to all that have it
    select group_key
    from sized
    where
        (block_size <= {{ var('identity_block_cap') }})
        != (block_size - moved_by <= {{ var('identity_block_cap') }})

    union by name

    select group_key
    from records
    where
        record_key in (
            select turned_answers.record_key from turned_answers
            union by name
            select turned_answers.other_record_key as record_key from turned_answers
        )

),

reached as (

    select
        records.record_key,
        records.group_key
    from records
    inner join touched_groups on records.group_key = touched_groups.group_key

    union by name

    select
        regrouped_records.record_key,
        records.group_key
    from regrouped_records
    left outer join records on regrouped_records.record_key = records.record_key

),

recompared as (

    select
        record_key,
        group_key
    from reached
    where {{ in_partial_build() }}

)

select * from recompared
