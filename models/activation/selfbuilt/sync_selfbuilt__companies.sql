-- One row per company that the CRM should hold.
with

companies as (

    select * from {{ ref('dim_companies') }}

),

companies_360 as (

    select * from {{ ref('dim_companies_360') }}

),

crm_records as (

    select * from {{ ref('bridge_company_crm_records') }}

),

desired as (

    select
        companies.company_id,
        crm_records.crm_record_id as selfbuilt_company_id,
        companies.tax_id,
        companies.phone,
        companies.email,
        companies.city,
        companies.address,
        cast(companies_360.lifetime_value_amount as varchar) as lifetime_value,
        companies_360.currency,
        cast(companies_360.last_order_on as varchar) as last_order_on,
        companies_360.open_ticket_count as open_tickets,
        cast(companies_360.overdue_amount as varchar) as overdue_amount,
        companies_360.source_systems,
        -- the CRM takes no company without a name
        coalesce(companies.company_name, companies.tax_id) as name
    from companies
    inner join companies_360 on companies.company_id = companies_360.company_id
    left outer join crm_records
        on companies.company_id = crm_records.company_id and crm_records.crm = 'selfbuilt'
    where companies_360.is_sendable

),

fingerprinted as (

    select
        company_id,
        selfbuilt_company_id,
        name,
        tax_id,
        phone,
        email,
        city,
        address,
        lifetime_value,
        currency,
        last_order_on,
        open_tickets,
        overdue_amount,
        source_systems,
        {{ sync_fingerprint([
            'company_id',
            'name',
            'tax_id',
            'phone',
            'email',
            'city',
            'address',
            'lifetime_value',
            'currency',
            'last_order_on',
            'open_tickets',
            'overdue_amount',
            'source_systems',
        ]) }} as fingerprint
    from desired

)

select * from fingerprinted
