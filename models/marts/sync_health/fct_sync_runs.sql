-- One row per run of a sync.
with

runs as (

    select * from {{ ref('stg_ledger__runs') }}

),

counted as (

    select
        run_id,
        sync,
        command,
        status,
        started_at,
        finished_at,
        status in ('done', 'partial') as is_successful,
        {{ seconds_between('started_at', 'finished_at') }} as duration_seconds,
        {{ run_count('created') }}
        + {{ run_count('adopted') }}
        + {{ run_count('updated') }}
        + {{ run_count('archived') }}
        + {{ run_count('deleted') }}
        + {{ run_count('restored') }}
        + {{ run_count('released') }}
        + {{ run_count('withdrawn') }} as written_count,
        {{ run_count('rejected') }} as rejected_count,
        {{ run_count('unknown') }} as unknown_count,
        {{ run_count('recovered') }} as recovered_count,
        {{ run_count('requests') }} as request_count
    from runs

),

sync_runs as (

    select
        -- ids
        run_id,

        -- codes
        sync,
        command,
        status,

        -- booleans
        is_successful,

        -- timestamps
        started_at,
        finished_at,

        -- numbers
        duration_seconds,
        written_count,
        rejected_count,
        unknown_count,
        recovered_count,
        request_count
    from counted

)

select * from sync_runs
