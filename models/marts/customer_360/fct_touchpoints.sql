-- One row per occasion on which a customer dealt with us.
with

orders as (

    select * from {{ ref('fct_orders') }}

),

tickets as (

    select * from {{ ref('fct_tickets') }}

),

invoices as (

    select * from {{ ref('fct_invoices') }}

),

payments as (

    select * from {{ ref('fct_payments') }}

),

orders_placed as (

    select
        'order_placed' as touchpoint_type,
        order_id as reference_id,
        person_id,
        company_id,
        ordered_on as touched_on
    from orders
    -- a draft is ours until the customer says yes
    where status != 'draft'

),

tickets_opened as (

    select
        'ticket_opened' as touchpoint_type,
        ticket_id as reference_id,
        person_id,
        company_id,
        opened_on as touched_on
    from tickets

),

tickets_active as (

    select
        'ticket_active' as touchpoint_type,
        ticket_id as reference_id,
        person_id,
        company_id,
        last_activity_on as touched_on
    from tickets

),

invoices_issued as (

    select
        'invoice_issued' as touchpoint_type,
        invoice_no as reference_id,
        person_id,
        company_id,
        issued_on as touched_on
    from invoices

),

payments_received as (

    select
        'payment_received' as touchpoint_type,
        payments.payment_no as reference_id,
        invoices.person_id,
        invoices.company_id,
        payments.paid_on as touched_on
    from payments
    inner join invoices on payments.invoice_no = invoices.invoice_no

),

unioned as (

    select * from orders_placed
    union all by name
    select * from tickets_opened
    union all by name
    select * from tickets_active
    union all by name
    select * from invoices_issued
    union all by name
    select * from payments_received

),

touchpoints as (

    select
        person_id,
        company_id,
        touchpoint_type,
        reference_id,
        touched_on,
        touchpoint_type || ':' || reference_id as touchpoint_id
    from unioned
    where touched_on is not null

)

select * from touchpoints
