-- One row per sync, error code and field for which a CRM has refused records.
with

rejects as (

    select * from {{ ref('stg_ledger__rejects') }}

),

counted as (

    select
        sync,
        error_code,
        error_field,
        count(*) filter (where state = 'waiting') as waiting_count,
        count(*) filter (where state = 'resolved') as resolved_count,
        min(since) filter (where state = 'waiting') as oldest_waiting_at
    from rejects
    group by sync, error_code, error_field

),

reasons as (

    select
        -- codes
        sync,
        error_code,
        error_field,

        -- numbers
        waiting_count,
        resolved_count,

        -- timestamps
        oldest_waiting_at,

        -- ids
        concat(sync, ':', error_code, ':', error_field) as reject_reason_id,

        -- numbers
        cast(floor({{ seconds_between('oldest_waiting_at', build_time()) }} / 3600) as bigint)
            as oldest_waiting_hours
    from counted

)

select * from reasons
