-- One row per line of an order.
with

order_lines as (

    select * from {{ ref('int_order_lines_unioned') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

lines_of_orders as (

    select
        -- ids
        order_lines.order_line_id,
        order_lines.order_id,

        -- strings
        order_lines.sku,
        order_lines.product_name,

        -- numbers
        cast(order_lines.line_no as bigint) as line_no,
        order_lines.quantity,

        -- amounts
        order_lines.currency,
        order_lines.amount,

        -- booleans
        orders.is_counted,

        -- dates
        orders.ordered_on
    from order_lines
    inner join orders on order_lines.order_id = orders.order_id

)

select * from lines_of_orders
