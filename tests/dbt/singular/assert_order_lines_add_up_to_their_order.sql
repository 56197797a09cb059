with

orders as (

    select * from {{ ref('fct_orders') }}

),

order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

summed as (

    select
        order_id,
        sum(amount) as amount
    from order_lines
    group by order_id

),

different as (

    select
        orders.order_id,
        orders.amount as expected_amount,
        summed.amount as found_amount
    from orders
    left outer join summed on orders.order_id = summed.order_id
    where orders.amount != coalesce(summed.amount, 0)

)

select * from different
