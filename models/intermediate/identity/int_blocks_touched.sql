-- One row per blocking key of a group that has to be compared again.
with

blocks as (

    select * from {{ ref('int_blocks_keyed') }}

),

touched_groups as (

    select * from {{ ref('int_groups_touched') }}

),

touched as (

    select distinct
        blocks.entity_type,
        blocks.block,
        blocks.value
    from blocks
    inner join touched_groups on blocks.group_key = touched_groups.group_key

)

select * from touched
