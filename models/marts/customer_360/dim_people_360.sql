-- One row per person, with what every system knows of their dealings with us.
with

people as (

    select * from {{ ref('dim_people') }}

),

person_records as (

    select * from {{ ref('bridge_person_records') }}

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
        person_records.person_id,
        -- a CRM holds who is sent to it: that it does is no news to it
        string_agg(
            distinct person_records.source_system, ',' order by person_records.source_system
        ) filter (where source_systems.system_type is distinct from 'crm') as source_systems,
        string_agg(
            distinct person_records.source_system, ',' order by person_records.source_system
        ) filter (where source_systems.system_type = 'crm') as crm_systems,
        count(*) as record_count
    from person_records
    left outer join source_systems on person_records.source_system = source_systems.source_system
    group by person_records.person_id

),

orders_summed as (

    select
        person_id,
        cast(sum(cny_amount) as decimal(18, 2)) as lifetime_value_amount,
        count(*) as order_count,
        min(ordered_on) as first_order_on,
        max(ordered_on) as last_order_on
    from orders
    where is_counted
    group by person_id

),

tickets_counted as (

    select
        person_id,
        count(*) as ticket_count,
        count(*) filter (where is_open) as open_ticket_count
    from tickets
    group by person_id

),

overdue_summed as (

    select
        person_id,
        cast(sum(cny_open_amount) as decimal(18, 2)) as overdue_amount,
        count(*) as overdue_invoice_count
    from invoices
    -- what a company owes isn't owed by the person whom its invoice names
    where is_overdue and company_id is null
    group by person_id

),

touched as (

    select
        person_id,
        min(touched_on) as first_contact_on,
        max(touched_on) as last_contact_on
    from touchpoints
    group by person_id

),

seen_whole as (

    select
        -- ids
        people.person_id,
        people.company_id,

        -- strings
        people.full_name,
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
        -- whom only a CRM knows, no CRM needs to be told about
        systems_listed.source_systems is not null
        and not people.is_deleted
        and people.full_name is not null
        and (
            people.mobile is not null
            or people.email is not null
            or people.wechat_unionid is not null
        ) as is_sendable
    from people
    left outer join systems_listed on people.person_id = systems_listed.person_id
    left outer join orders_summed on people.person_id = orders_summed.person_id
    left outer join tickets_counted on people.person_id = tickets_counted.person_id
    left outer join overdue_summed on people.person_id = overdue_summed.person_id
    left outer join touched on people.person_id = touched.person_id

)

select * from seen_whole
