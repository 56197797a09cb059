-- One row per order that the CRM should hold.
with

orders as (

    select * from {{ ref('fct_orders') }}

),

people_360 as (

    select * from {{ ref('dim_people_360') }}

),

companies_360 as (

    select * from {{ ref('dim_companies_360') }}

),

desired as (

    select
        orders.order_id,
        people_360.person_id,
        companies_360.company_id,
        orders.order_no,
        cast(orders.ordered_on as varchar) as ordered_on,
        orders.status,
        orders.currency,
        cast(orders.amount as varchar) as amount,
        orders.channel
    from orders
    -- a link to whom the CRM doesn't hold would hold the order up
    left outer join people_360
        on
            orders.person_id = people_360.person_id
            and people_360.is_sendable
    left outer join companies_360
        on
            orders.company_id = companies_360.company_id
            and companies_360.is_sendable
    -- an order of nobody's would never be looked at
    where people_360.person_id is not null or companies_360.company_id is not null

),

fingerprinted as (

    select
        order_id,
        person_id,
        company_id,
        order_no,
        ordered_on,
        status,
        currency,
        amount,
        channel,
        {{ sync_fingerprint([
            'order_id',
            'person_id',
            'company_id',
            'order_no',
            'ordered_on',
            'status',
            'currency',
            'amount',
            'channel',
        ]) }} as fingerprint
    from desired

)

select * from fingerprinted
