-- One row per two profiles that have enough in common to be compared.
with

blocks as (

    select *
    from {{ ref('int_blocks_keyed') }}
    where {{ touched('block_key', 'int_blocks_touched') }}

),

sized as (

    select
        entity_type,
        block_key,
        group_key,
        record_key,
        count(*) over (partition by block_key) as block_size
    from blocks

),

met as (

    select
        entity_type,
        block_key,
        group_key,
        record_key
    from sized
    where block_size between 2 and {{ var('identity_block_cap') }}

),

blocked as (

    select distinct
        met.entity_type,
        met.record_key,
        other_met.record_key as other_record_key
    from met
    inner join met as other_met
        on
            met.block_key = other_met.block_key
            and met.record_key < other_met.record_key
            and met.group_key != other_met.group_key
    where
        {{ touched(
            ['met.group_key', 'other_met.group_key'], 'int_records_recompared', 'group_key'
        ) }}

)

select * from blocked
