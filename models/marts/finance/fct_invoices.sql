-- One row per invoice, with what has been paid of it.
with

invoices as (

    select * from {{ ref('stg_finance__invoices') }}

),

payments as (

    select * from {{ ref('fct_payments') }}

),

invoice_statuses as (

    select * from {{ ref('invoice_statuses') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_dated') }}

),

person_records as (

    select * from {{ ref('bridge_person_records') }}

),

company_records as (

    select * from {{ ref('bridge_company_records') }}

),

finance_people as (

    select
        source_record_id,
        person_id
    from person_records
    where source_system = 'finance'

),

received as (

    select
        invoice_no,
        sum(amount) as paid_amount,
        max(paid_on) as last_paid_on
    from payments
    -- a payment in another currency settles nothing until someone says at which rate
    where is_in_invoice_currency
    group by invoice_no

),

settled as (

    select
        invoices.invoice_no,
        invoices.status as source_status,
        invoices.currency,
        invoices.amount as net_amount,
        invoices.tax_amount,
        invoices.total_amount,
        invoice_statuses.is_void,
        invoices.issued_on,
        invoices.due_on,
        received.last_paid_on,
        cast(coalesce(received.paid_amount, 0) as decimal(18, 2)) as paid_amount
    from invoices
    left outer join invoice_statuses on invoices.status = invoice_statuses.source_status
    left outer join received on invoices.invoice_no = received.invoice_no

),

judged as (

    select
        invoice_no,
        source_status,
        currency,
        net_amount,
        tax_amount,
        total_amount,
        paid_amount,
        issued_on,
        due_on,
        last_paid_on,
        case
            when is_void then 'void'
            -- a credit note is below zero, and so is what settles it
            when total_amount >= 0 and paid_amount >= total_amount then 'paid'
            when total_amount < 0 and paid_amount <= total_amount then 'paid'
            when paid_amount = 0 then 'open'
            else 'partly_paid'
        end as status,
        case
            when is_void then cast(0 as decimal(18, 2))
            else cast(total_amount - paid_amount as decimal(18, 2))
        end as open_amount
    from settled

),

people_found as (

    select
        judged.invoice_no,
        -- who owes it themself, else who is named as the contact
        coalesce(invoiced_people.person_id, contacts.person_id) as person_id
    from judged
    left outer join finance_people as invoiced_people
        on 'invoice:' || judged.invoice_no = invoiced_people.source_record_id
    left outer join finance_people as contacts
        on 'invoice-contact:' || judged.invoice_no = contacts.source_record_id

),

customers_found as (

    select
        -- ids
        judged.invoice_no,
        people_found.person_id,
        company_records.company_id,

        -- strings
        judged.status,
        judged.source_status,

        -- amounts
        judged.currency,
        judged.net_amount,
        judged.tax_amount,
        judged.total_amount,
        judged.paid_amount,
        judged.open_amount,
        {{ to_cents('judged.open_amount * exchange_rates.rate_to_cny') }} as cny_open_amount,

        -- booleans
        -- on its due date an invoice is still in time
        judged.open_amount > 0 and coalesce(judged.due_on < {{ as_of() }}, false) as is_overdue,

        -- dates
        judged.issued_on,
        judged.due_on,
        judged.last_paid_on
    from judged
    left outer join exchange_rates
        on
            judged.currency = exchange_rates.currency
            and judged.issued_on >= exchange_rates.valid_from_on
            and (
                judged.issued_on < exchange_rates.valid_until_on
                or exchange_rates.valid_until_on is null
            )
    left outer join people_found on judged.invoice_no = people_found.invoice_no
    left outer join company_records
        on
            company_records.source_system = 'finance'
            and 'invoice:' || judged.invoice_no = company_records.source_record_id

)

select * from customers_found
