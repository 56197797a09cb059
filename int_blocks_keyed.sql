-- One row per key and group of records that has it: those that share one are compared.
-- depends_on: "warehouse"."intermediate"."int_blocks_released"


with

person_keys as (

    select * from "warehouse"."intermediate"."int_person_blocks_keyed"

),

company_keys as (

    select * from "warehouse"."intermediate"."int_company_blocks_keyed"

),

keys as (

    select
        'person' as entity_type,
        *
    from person_keys

    union all by name

    select
        'company' as entity_type,
        *
    from company_keys

),

digested as (

    select
        entity_type,
        group_key,
        record_key,
        name_kind,
        cast(hash(entity_type, block, value) as varchar) as block_key
    from keys

),

-- one profile speaks for its group, so that no group meets another twice by one key:
-- that of a whole name, if there is one
spoken as (

    select
        entity_type,
        block_key,
        group_key,
        coalesce(min(record_key) filter (where name_kind = 'full'), min(record_key)) as record_key
    from digested
    group by entity_type, block_key, group_key

)

select * from spoken