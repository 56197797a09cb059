-- One row per order of any channel, in one form; orders that the ERP has deleted are left out.
with

erp_orders as (

    select * from {{ ref('stg_erp__orders') }}

),

erp_customers as (

    select * from {{ ref('stg_erp__customers') }}

),

shop_orders as (

    select * from {{ ref('stg_shop__orders') }}

),

from_erp as (

    select
        'erp:' || cast(erp_orders.order_id as varchar) as order_id,
        'erp' as channel,
        erp_orders.order_no,
        erp_orders.status as source_status,
        erp_orders.currency,
        erp_orders.total_amount as amount,
        erp_orders.ordered_at,
        -- a customer is a company, at which a contact may have ordered, or the person themself
        case
            when erp_customers.customer_type = 'company'
                then 'customer:' || cast(erp_orders.customer_id as varchar)
        end as company_record_id,
        case
            when erp_orders.contact_id is not null
                then 'contact:' || cast(erp_orders.contact_id as varchar)
            when erp_customers.customer_type = 'person'
                then 'customer:' || cast(erp_orders.customer_id as varchar)
        end as person_record_id
    from erp_orders
    left outer join erp_customers on erp_orders.customer_id = erp_customers.customer_id
    where not erp_orders.is_deleted

),

from_shop as (

    select
        'shop:' || order_no as order_id,
        'shop' as channel,
        order_no,
        status as source_status,
        currency,
        paid_amount as amount,
        ordered_at,
        invoice_title as billed_name,
        -- the shop knows no customers: an order is the record of its buyer
        'order:' || order_no as person_record_id,
        {{ code_text('tax_id') }} as billed_tax_id
    from shop_orders

),

unioned as (

    select * from from_erp
    union all by name
    select * from from_shop

)

select * from unioned
