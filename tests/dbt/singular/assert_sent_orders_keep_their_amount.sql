with

orders as (

    select * from {{ ref('fct_orders') }}

),

sent_orders as (

    select * from {{ ref('sync_selfbuilt__orders') }}

),

different as (

    select
        orders.order_id,
        orders.amount as expected_amount,
        sent_orders.amount as found_amount
    from sent_orders
    inner join orders on sent_orders.order_id = orders.order_id
    where
        cast(sent_orders.amount as decimal(18, 2)) != orders.amount
        or sent_orders.currency != orders.currency

)

select * from different
