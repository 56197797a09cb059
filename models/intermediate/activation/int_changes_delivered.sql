-- One row per change of a record that reached its CRM, from the first try to the CRM's word for it.
with

deliveries as (

    select * from {{ ref('stg_ledger__deliveries') }}

),

runs as (

    select * from {{ ref('stg_ledger__runs') }}

),

tries as (

    select
        deliveries.sync,
        deliveries.key,
        deliveries.operation,
        deliveries.attempt,
        deliveries.outcome,
        deliveries.outcome_at,
        -- what a run sends differed when it made its plan, at its start
        coalesce(runs.started_at, deliveries.intent_at) as differed_at,
        -- a refusal and what was sent again afterwards are one change: the next that is written
        count(*) filter (where deliveries.outcome = 'written')
            over (
                partition by deliveries.sync, deliveries.key
                order by deliveries.delivery_id
                rows between unbounded preceding and 1 preceding
            )
            as change_number
    from deliveries
    left outer join runs on deliveries.run_id = runs.run_id

),

changes as (

    select
        sync,
        key,
        change_number,
        max(operation) filter (where outcome = 'written') as written_operation,
        min(differed_at) as began_at,
        max(outcome_at) filter (where outcome = 'written') as delivered_at,
        count(*) as try_count,
        sum(attempt) as send_count
    from tries
    group by sync, key, change_number
    having count(*) filter (where outcome = 'written') > 0

),

delivered as (

    select
        -- ids
        sync,
        key,
        change_number,

        -- codes
        written_operation,

        -- timestamps
        began_at,
        delivered_at,

        -- numbers
        try_count,
        cast(send_count as bigint) as send_count,
        {{ seconds_between('began_at', 'delivered_at') }} as delivery_seconds,

        -- booleans
        written_operation = 'create'
        and coalesce(
            lag(written_operation) over (partition by sync, key order by change_number)
            not in ('archive', 'delete', 'release', 'withdraw'),
            false
        ) as is_doubled
    from changes

)

select * from delivered
