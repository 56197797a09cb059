with

invoices as (

    select * from {{ ref('fct_invoices') }}

),

payments as (

    select * from {{ ref('fct_payments') }}

),

expected as (

    select
        currency,
        sum(amount) as amount
    from payments
    where is_in_invoice_currency
    group by currency

),

found as (

    select
        currency,
        sum(paid_amount) as amount
    from invoices
    group by currency

),

different as (

    select
        expected.amount as expected_amount,
        found.amount as found_amount,
        coalesce(expected.currency, found.currency) as currency
    from expected
    full outer join found on expected.currency = found.currency
    where coalesce(expected.amount, 0) != coalesce(found.amount, 0)

)

select * from different
