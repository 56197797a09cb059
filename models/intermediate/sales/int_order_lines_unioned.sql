-- One row per line of an order of any channel; an order of the shop is one line.
with

orders as (

    select * from {{ ref('int_orders_unioned') }}

),

erp_order_lines as (

    select * from {{ ref('stg_erp__order_lines') }}

),

shop_orders as (

    select * from {{ ref('stg_shop__orders') }}

),

from_erp as (

    select
        'erp:' || cast(erp_order_lines.order_line_id as varchar) as order_line_id,
        orders.order_id,
        erp_order_lines.line_no,
        erp_order_lines.sku,
        erp_order_lines.product_name,
        erp_order_lines.quantity,
        orders.currency,
        erp_order_lines.amount
    from erp_order_lines
    -- a live line of a deleted order is gone with it
    inner join orders on orders.order_id = 'erp:' || cast(erp_order_lines.order_id as varchar)
    where not erp_order_lines.is_deleted

),

from_shop as (

    select
        'shop:' || order_no as order_line_id,
        'shop:' || order_no as order_id,
        1 as line_no,
        null as sku,
        product_name,
        quantity,
        currency,
        paid_amount as amount
    from shop_orders

),

unioned as (

    select * from from_erp
    union all by name
    select * from from_shop

)

select * from unioned
