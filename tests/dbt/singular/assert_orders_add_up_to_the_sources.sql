with

raw_erp_orders as (

    select * from {{ source('erp', 'orders') }}

),

raw_shop_orders as (

    select * from {{ source('shop', 'orders') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

newest_erp_orders as (

    select
        order_id,
        arg_max(currency, (updated_at, _dlt_load_id)) as currency,
        arg_max(total_amount, (updated_at, _dlt_load_id)) as amount,
        arg_max(coalesce(is_deleted, false), (updated_at, _dlt_load_id)) as is_deleted
    from raw_erp_orders
    group by order_id

),

newest_shop_orders as (

    select
        order_no,
        arg_max(currency, (modified_at, _exported_at, _dlt_load_id, _row)) as currency,
        arg_max(paid_amount, (modified_at, _exported_at, _dlt_load_id, _row)) as amount
    from raw_shop_orders
    group by order_no

),

expected as (

    select
        'erp' as channel,
        trim(currency) as currency,
        count(*) as order_count,
        sum(cast(amount as decimal(18, 2))) as amount
    from newest_erp_orders
    where not is_deleted
    group by trim(currency)

    union all by name

    select
        'shop' as channel,
        trim(currency) as currency,
        count(*) as order_count,
        sum(cast(replace(amount, ',', '') as decimal(18, 2))) as amount
    from newest_shop_orders
    group by trim(currency)

),

found as (

    select
        channel,
        currency,
        count(*) as order_count,
        sum(amount) as amount
    from orders
    group by channel, currency

),

different as (

    select
        expected.order_count as expected_order_count,
        found.order_count as found_order_count,
        expected.amount as expected_amount,
        found.amount as found_amount,
        coalesce(expected.channel, found.channel) as channel,
        coalesce(expected.currency, found.currency) as currency
    from expected
    full outer join found
        on expected.channel = found.channel and expected.currency = found.currency
    where
        expected.order_count is distinct from found.order_count
        or expected.amount is distinct from found.amount

)

select * from different
