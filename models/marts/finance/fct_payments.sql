-- One row per payment received.
with

payments as (

    select * from {{ ref('stg_finance__payments') }}

),

invoices as (

    select * from {{ ref('stg_finance__invoices') }}

),

received as (

    select
        -- ids
        payments.payment_no,
        payments.invoice_no,

        -- strings
        payments.method,

        -- dates
        payments.paid_on,

        -- amounts
        payments.currency,
        payments.amount,

        -- booleans
        -- the workbook with the invoice may come later than the one with its payment
        invoices.invoice_no is not null as has_invoice,
        payments.currency = invoices.currency as is_in_invoice_currency
    from payments
    left outer join invoices on payments.invoice_no = invoices.invoice_no

)

select * from received
