-- One row per id that gave way to another: merged into it, or split by it.
with

registered as (

    select * from {{ ref('int_ids_registered') }}

),

identified as (

    select * from {{ ref('int_records_identified') }}

),

live as (

    select distinct
        entity_type,
        entity_id
    from identified

),

-- every id that a record had before the one it has now
left_behind as (

    select
        registered.entity_type,
        registered.record_key,
        registered.entity_id as old_key,
        identified.entity_id as new_key,
        registered.is_founder,
        registered.first_assigned_at,
        registered.last_assigned_at,
        latest.is_founder as is_founder_of_new,
        latest.last_assigned_at as redirected_at,
        live.entity_id is not null as is_live
    from registered
    inner join identified
        on
            registered.entity_type = identified.entity_type
            and registered.record_key = identified.record_key
            and registered.entity_id != identified.entity_id
    inner join registered as latest
        on
            identified.entity_type = latest.entity_type
            and identified.record_key = latest.record_key
            and identified.entity_id = latest.entity_id
    left outer join live
        on registered.entity_type = live.entity_type and registered.entity_id = live.entity_id

),

-- nobody has the old id: whoever would have inherited it shows where it went
merged as (

    select
        entity_type,
        old_key,
        new_key,
        'merged' as kind,
        redirected_at
    from left_behind
    where not is_live
    qualify
        row_number()
            over (
                partition by entity_type, old_key
                order by is_founder desc, first_assigned_at asc, record_key asc
            )
        = 1

),

-- somebody has it still: the record that founded the new id came from there
split as (

    select
        entity_type,
        old_key,
        new_key,
        'split' as kind,
        redirected_at
    from left_behind
    where is_live and is_founder_of_new
    qualify
        row_number()
            over (partition by entity_type, new_key order by last_assigned_at desc, old_key asc)
        = 1

),

redirected as (

    select * from merged
    union all by name
    select * from split

)

select * from redirected
