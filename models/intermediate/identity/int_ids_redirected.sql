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

-- every id that a record had before its latest; a record that is gone still shows the way
left_behind as (

    select
        registered.entity_type,
        registered.record_key,
        registered.entity_id as old_key,
        latest.entity_id as new_key,
        registered.is_founder,
        registered.first_assigned_at,
        registered.last_assigned_at,
        latest.is_founder as is_founder_of_new,
        latest.last_assigned_at as redirected_at,
        identified.record_key is not null as is_there,
        live.entity_id is not null as is_live
    from registered
    inner join registered as latest
        on
            registered.entity_type = latest.entity_type
            and registered.record_key = latest.record_key
            and registered.entity_id != latest.entity_id
            and latest.is_latest
    left outer join identified
        on
            registered.entity_type = identified.entity_type
            and registered.record_key = identified.record_key
    left outer join live
        on registered.entity_type = live.entity_type and registered.entity_id = live.entity_id

),

-- nobody has the old id: whoever would have inherited it shows where it went
gone as (

    select
        left_behind.entity_type,
        left_behind.old_key,
        left_behind.new_key,
        left_behind.redirected_at,
        live.entity_id is not null as is_new_live
    from left_behind
    left outer join live
        on left_behind.entity_type = live.entity_type and left_behind.new_key = live.entity_id
    where not left_behind.is_live
    qualify
        row_number()
            over (
                partition by left_behind.entity_type, left_behind.old_key
                order by
                    left_behind.is_there desc,
                    left_behind.is_founder desc,
                    left_behind.first_assigned_at asc,
                    left_behind.record_key asc
            )
        = 1

),

-- and that may have been merged since
followed as (

    with recursive steps as (

        select
            entity_type,
            old_key,
            new_key,
            redirected_at,
            is_new_live
        from gone

        -- a step back to where one has been ends it
        union

        select
            steps.entity_type,
            steps.old_key,
            gone.new_key,
            gone.redirected_at,
            gone.is_new_live
        from steps
        inner join gone
            on steps.entity_type = gone.entity_type and steps.new_key = gone.old_key
        where not steps.is_new_live

    )

    select
        entity_type,
        old_key,
        new_key,
        redirected_at,
        is_new_live
    from steps

),

merged as (

    select
        entity_type,
        old_key,
        new_key,
        'merged' as kind,
        redirected_at
    from followed
    where is_new_live

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
    where is_live and is_founder_of_new and is_there
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
