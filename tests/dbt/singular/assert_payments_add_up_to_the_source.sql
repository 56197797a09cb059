with

raw_payments as (

    select * from {{ source('finance', 'payments') }}

),

payments as (

    select * from {{ ref('fct_payments') }}

),

newest as (

    select
        payment_no,
        arg_max(currency, (_exported_at, _file_modified_at, _dlt_load_id, _row)) as currency,
        arg_max(amount, (_exported_at, _file_modified_at, _dlt_load_id, _row)) as amount
    from raw_payments
    group by payment_no

),

expected as (

    select
        trim(currency) as currency,
        sum(cast(replace(amount, ',', '') as decimal(18, 2))) as amount
    from newest
    group by trim(currency)

),

found as (

    select
        currency,
        sum(amount) as amount
    from payments
    group by currency

),

different as (

    select
        expected.amount as expected_amount,
        found.amount as found_amount,
        coalesce(expected.currency, found.currency) as currency
    from expected
    full outer join found on expected.currency = found.currency
    where expected.amount is distinct from found.amount

)

select * from different
