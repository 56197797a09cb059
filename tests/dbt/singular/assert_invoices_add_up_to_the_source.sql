with

raw_invoices as (

    select * from {{ source('finance', 'invoices') }}

),

invoices as (

    select * from {{ ref('fct_invoices') }}

),

newest as (

    select
        invoice_no,
        arg_max(currency, (_exported_at, _file_modified_at, _dlt_load_id, _row)) as currency,
        arg_max(total_amount, (_exported_at, _file_modified_at, _dlt_load_id, _row)) as amount
    from raw_invoices
    group by invoice_no

),

expected as (

    select
        trim(currency) as currency,
        count(*) as invoice_count,
        sum(cast(replace(amount, ',', '') as decimal(18, 2))) as amount
    from newest
    group by trim(currency)

),

found as (

    select
        currency,
        count(*) as invoice_count,
        sum(total_amount) as amount
    from invoices
    group by currency

),

different as (

    select
        expected.invoice_count as expected_invoice_count,
        found.invoice_count as found_invoice_count,
        expected.amount as expected_amount,
        found.amount as found_amount,
        coalesce(expected.currency, found.currency) as currency
    from expected
    full outer join found on expected.currency = found.currency
    where
        expected.invoice_count is distinct from found.invoice_count
        or expected.amount is distinct from found.amount

)

select * from different
