-- One row per blocking key that a group had before its records were grouped again.
with

regrouped_records as (

    select * from {{ ref('int_records_regrouped') }}

),

known_blocks as (

    {{ kept('int_blocks_keyed', ['block_key', 'group_key']) }}

),

left_groups as (

    select distinct left_group_key
    from regrouped_records
    where left_group_key is not null

),

released as (

    select
        known_blocks.block_key,
        known_blocks.group_key
    from known_blocks
    inner join left_groups on known_blocks.group_key = left_groups.left_group_key
    where {{ in_partial_build() }}

)

select * from released
