-- One row per sync and day (UTC) on which it delivered something or had something refused.
with

changes as (

    select * from {{ ref('int_changes_delivered') }}

),

deliveries as (

    select * from {{ ref('stg_ledger__deliveries') }}

),

rejects as (

    select * from {{ ref('stg_ledger__rejects') }}

),

delivered as (

    select
        sync,
        cast(intent_at as date) as synced_on,
        count(*) as delivery_count,
        count(distinct key) as key_count,
        count(*) filter (where outcome = 'written') as written_count,
        count(*) filter (where outcome = 'rejected') as rejected_count,
        count(*) filter (where outcome is null or outcome not in ('written', 'rejected'))
            as unsettled_count,
        count(*) filter (where attempt > 1) as resent_count
    from deliveries
    group by sync, cast(intent_at as date)

),

arrived as (

    select
        sync,
        cast(delivered_at as date) as synced_on,
        count(*) filter (where is_doubled) as doubled_count,
        quantile_disc(delivery_seconds, 0.5) as median_delivery_seconds,
        quantile_disc(delivery_seconds, 0.95) as p95_delivery_seconds,
        max(delivery_seconds) as longest_delivery_seconds
    from changes
    group by sync, cast(delivered_at as date)

),

waiting as (

    select
        sync,
        cast(since as date) as synced_on,
        count(*) as open_reject_count
    from rejects
    where state = 'waiting'
    group by sync, cast(since as date)

),

days as (

    select
        sync,
        synced_on
    from delivered

    union distinct by name

    select
        sync,
        synced_on
    from waiting

    union distinct by name

    select
        sync,
        synced_on
    from arrived

),

sync_days as (

    select
        -- strings
        days.sync,

        -- dates
        days.synced_on,

        -- numbers
        arrived.median_delivery_seconds,
        arrived.p95_delivery_seconds,
        arrived.longest_delivery_seconds,

        -- ids
        days.sync || ':' || cast(days.synced_on as varchar) as sync_day_id,

        -- numbers
        coalesce(delivered.delivery_count, 0) as delivery_count,
        coalesce(delivered.key_count, 0) as key_count,
        coalesce(delivered.written_count, 0) as written_count,
        coalesce(delivered.rejected_count, 0) as rejected_count,
        coalesce(delivered.unsettled_count, 0) as unsettled_count,
        coalesce(delivered.resent_count, 0) as resent_count,
        coalesce(arrived.doubled_count, 0) as doubled_count,
        coalesce(waiting.open_reject_count, 0) as open_reject_count
    from days
    left outer join delivered
        on days.sync = delivered.sync and days.synced_on = delivered.synced_on
    left outer join arrived on days.sync = arrived.sync and days.synced_on = arrived.synced_on
    left outer join waiting on days.sync = waiting.sync and days.synced_on = waiting.synced_on

)

select * from sync_days
