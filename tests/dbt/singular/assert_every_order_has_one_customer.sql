with

orders as (

    select * from {{ ref('fct_orders') }}

),

of_nobody as (

    select
        order_id,
        channel
    from orders
    where person_id is null and company_id is null

)

select * from of_nobody
