-- One row per two profiles that have enough in common to be compared.
with

blocks as (

    select *
    from {{ ref('int_blocks_keyed') }}
    where {{ touched('block_key', 'int_blocks_touched') }}

),

-- a key of one group joins nothing, and one of many tells too little
telling_keys as (

    select block_key
    from blocks
    group by block_key
    having count(*) between 2 and {{ var('identity_block_cap') }}

),

met as (

    select
        blocks.entity_type,
        blocks.block_key,
        blocks.group_key,
        blocks.record_key
    from blocks
    inner join telling_keys on blocks.block_key = telling_keys.block_key

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
