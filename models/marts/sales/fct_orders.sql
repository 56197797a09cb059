-- One row per order of the ERP and the shop.
with

orders as (

    select * from {{ ref('int_orders_unioned') }}

),

order_statuses as (

    select * from {{ ref('order_statuses') }}

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

companies as (

    select * from {{ ref('dim_companies') }}

),

-- a tax id or a name that two companies have tells neither of them
companies_by_tax_id as (

    select
        tax_id,
        min(company_id) as company_id
    from companies
    group by tax_id
    having count(*) = 1

),

companies_by_name as (

    select
        company_name,
        min(company_id) as company_id
    from companies
    group by company_name
    having count(*) = 1

),

dated as (

    select
        order_id,
        channel,
        order_no,
        source_status,
        currency,
        amount,
        ordered_at,
        {{ business_date('ordered_at') }} as ordered_on,
        company_record_id,
        person_record_id,
        billed_name,
        billed_tax_id
    from orders

),

companies_found as (

    select
        dated.order_id,
        -- the shop's buyer orders for the company that the invoice is made out to
        coalesce(
            company_records.company_id,
            companies_by_tax_id.company_id,
            companies_by_name.company_id
        ) as company_id
    from dated
    left outer join company_records
        on
            dated.channel = company_records.source_system
            and dated.company_record_id = company_records.source_record_id
    left outer join companies_by_tax_id on dated.billed_tax_id = companies_by_tax_id.tax_id
    left outer join companies_by_name on dated.billed_name = companies_by_name.company_name

),

customers_found as (

    select
        -- ids
        dated.order_id,
        person_records.person_id,
        companies_found.company_id,

        -- strings
        dated.order_no,
        dated.channel,
        order_statuses.status,
        dated.source_status,

        -- amounts
        dated.currency,
        dated.amount,
        {{ to_cents('dated.amount * exchange_rates.rate_to_cny') }} as cny_amount,

        -- booleans
        order_statuses.is_counted,

        -- timestamps and dates
        dated.ordered_at,
        dated.ordered_on
    from dated
    left outer join order_statuses
        on
            dated.channel = order_statuses.channel
            and dated.source_status = order_statuses.source_status
    left outer join exchange_rates
        on
            dated.currency = exchange_rates.currency
            and dated.ordered_on >= exchange_rates.valid_from_on
            and (
                dated.ordered_on < exchange_rates.valid_until_on
                or exchange_rates.valid_until_on is null
            )
    left outer join person_records
        on
            dated.channel = person_records.source_system
            and dated.person_record_id = person_records.source_record_id
    left outer join companies_found on dated.order_id = companies_found.order_id

)

select * from customers_found
