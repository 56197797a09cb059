-- One row per company, with what every system knows of its dealings with us.
with

companies as (

    select * from {{ ref('dim_companies') }}

),

company_records as (

    select * from {{ ref('bridge_company_records') }}

),

source_systems as (

    select * from {{ ref('source_systems') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

tickets as (

    select * from {{ ref('fct_tickets') }}

),

invoices as (

    select * from {{ ref('fct_invoices') }}

),

touchpoints as (

    select * from {{ ref('fct_touchpoints') }}

),

systems_listed as (

    select
        company_records.company_id,
        -- a CRM holds who is sent to it: that it does is no news to it
        string_agg(
            distinct company_records.source_system, ',' order by company_records.source_system
        ) filter (where source_systems.system_type is distinct from 'crm') as source_systems,
        string_agg(
            distinct company_records.source_system, ',' order by company_records.source_system
        ) filter (where source_systems.system_type = 'crm') as crm_systems,
        count(*) as record_count
    from company_records
    left outer join source_systems on company_records.source_system = source_systems.source_system
    group by company_records.company_id

),

orders_summed as (

    select
        company_id,
        cast(sum(cny_amount) as decimal(18, 2)) as lifetime_value_amount,
        count(*) as order_count,
        min(ordered_on) as first_order_on,
        max(ordered_on) as last_order_on
    from orders
    where is_counted
    group by company_id

),

tickets_counted as (

    select
        company_id,
        count(*) as ticket_count,
        count(*) filter (where is_open) as open_ticket_count
    from tickets
    group by company_id

),

overdue_summed as (

    select
        company_id,
        cast(sum(cny_open_amount) as decimal(18, 2)) as overdue_amount,
        count(*) as overdue_invoice_count
    from invoices
    where is_overdue
    group by company_id

),

touched as (

    select
        company_id,
        min(touched_on) as first_contact_on,
        max(touched_on) as last_contact_on
    from touchpoints
    group by company_id

),

seen_whole as (

    select
        -- ids
        companies.company_id,

        -- strings
        companies.company_name,
        systems_listed.source_systems,
        systems_listed.crm_systems,
        'CNY' as currency,

        -- dates
        orders_summed.first_order_on,
        orders_summed.last_order_on,
        touched.first_contact_on,
        touched.last_contact_on,

        -- numbers
        coalesce(systems_listed.record_count, 0) as record_count,
        coalesce(orders_summed.order_count, 0) as order_count,
        coalesce(tickets_counted.ticket_count, 0) as ticket_count,
        coalesce(tickets_counted.open_ticket_count, 0) as open_ticket_count,
        coalesce(overdue_summed.overdue_invoice_count, 0) as overdue_invoice_count,

        -- amounts
        coalesce(orders_summed.lifetime_value_amount, 0) as lifetime_value_amount,
        coalesce(overdue_summed.overdue_amount, 0) as overdue_amount,

        -- booleans
        -- which company only a CRM knows, no CRM needs to be told about
        systems_listed.source_systems is not null
        and not companies.is_deleted
        and (companies.company_name is not null or companies.tax_id is not null) as is_sendable
    from companies
    left outer join systems_listed on companies.company_id = systems_listed.company_id
    left outer join orders_summed on companies.company_id = orders_summed.company_id
    left outer join tickets_counted on companies.company_id = tickets_counted.company_id
    left outer join overdue_summed on companies.company_id = overdue_summed.company_id
    left outer join touched on companies.company_id = touched.company_id

)

select * from seen_whole
