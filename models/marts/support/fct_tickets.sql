-- One row per ticket that the helpdesk hasn't retired.
with

issues as (

    select * from {{ ref('stg_helpdesk__issues') }}

),

ticket_statuses as (

    select * from {{ ref('ticket_statuses') }}

),

person_records as (

    select * from {{ ref('bridge_person_records') }}

),

person_companies as (

    select * from {{ ref('bridge_person_companies') }}

),

tickets as (

    select
        'helpdesk' as source_system,
        title,
        priority,
        status as source_status,
        creation as opened_at,
        activity as last_activity_at,
        'helpdesk:' || cast(id as varchar) as ticket_id,
        'user:' || cast(requester_id as varchar) as person_record_id
    from issues
    where not is_retired

),

customers_found as (

    select
        -- ids
        tickets.ticket_id,
        person_records.person_id,
        person_companies.company_id,

        -- strings
        tickets.source_system,
        tickets.title,
        tickets.priority,
        ticket_statuses.status,
        tickets.source_status,

        -- booleans
        ticket_statuses.is_open,

        -- timestamps and dates
        tickets.opened_at,
        {{ business_date('tickets.opened_at') }} as opened_on,
        tickets.last_activity_at,
        {{ business_date('tickets.last_activity_at') }} as last_activity_on
    from tickets
    left outer join ticket_statuses
        on
            tickets.source_system = ticket_statuses.source_system
            and tickets.source_status = ticket_statuses.source_status
    left outer join person_records
        on
            tickets.source_system = person_records.source_system
            and tickets.person_record_id = person_records.source_record_id
    left outer join person_companies
        on person_records.person_id = person_companies.person_id and person_companies.is_primary

)

select * from customers_found
