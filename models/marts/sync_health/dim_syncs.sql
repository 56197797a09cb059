-- One row per sync that ever ran, and how it stands.
with

sync_runs as (

    select * from {{ ref('fct_sync_runs') }}
    -- a reconciliation delivers nothing
    where command is distinct from 'reconcile'

),

reject_reasons as (

    select * from {{ ref('fct_reject_reasons') }}

),

last_runs as (

    select
        sync,
        arg_max(status, started_at) as last_status,
        max(started_at) as last_run_at,
        max(started_at) filter (where is_successful) as last_success_began_at,
        max(finished_at) filter (where is_successful) as last_success_at
    from sync_runs
    group by sync

),

failures as (

    select
        sync_runs.sync,
        count(*) as failures_since_success_count
    from sync_runs
    inner join last_runs on sync_runs.sync = last_runs.sync
    where
        sync_runs.status in ('failed', 'stopped', 'interrupted')
        and (
            last_runs.last_success_began_at is null
            or sync_runs.started_at > last_runs.last_success_began_at
        )
    group by sync_runs.sync

),

waiting as (

    select
        sync,
        cast(sum(waiting_count) as bigint) as waiting_count,
        min(oldest_waiting_at) as oldest_waiting_at
    from reject_reasons
    group by sync

),

syncs as (

    select
        -- ids
        last_runs.sync,

        -- codes
        last_runs.last_status,

        -- timestamps
        last_runs.last_run_at,
        last_runs.last_success_at,
        waiting.oldest_waiting_at,

        -- numbers
        cast(
            floor({{ seconds_between('last_runs.last_success_at', build_time()) }} / 3600) as bigint
        ) as hours_since_success,
        coalesce(failures.failures_since_success_count, 0) as failures_since_success_count,
        coalesce(waiting.waiting_count, 0) as waiting_count
    from last_runs
    left outer join failures on last_runs.sync = failures.sync
    left outer join waiting on last_runs.sync = waiting.sync

)

select * from syncs
