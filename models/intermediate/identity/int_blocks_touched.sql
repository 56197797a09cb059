-- One row per blocking key of a group that has to be compared again.
with

blocks as (

    select * from {{ ref('int_blocks_keyed') }}

),

recompared_records as (

    select * from {{ ref('int_records_recompared') }}

),

touched as (

    select distinct blocks.block_key
    from blocks
    inner join recompared_records on blocks.group_key = recompared_records.group_key

)

select * from touched
