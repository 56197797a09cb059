-- One row per person that the CRM should hold.
with

people as (

    select * from {{ ref('dim_people') }}

),

people_360 as (

    select * from {{ ref('dim_people_360') }}

),

companies_360 as (

    select * from {{ ref('dim_companies_360') }}

),

crm_records as (

    select * from {{ ref('bridge_person_crm_records') }}

),

desired as (

    select
        people.person_id,
        crm_records.crm_record_id as selfbuilt_contact_id,
        -- null where the company isn't synced: a link to what isn't there holds the record up
        companies_360.company_id,
        people.full_name as name,
        people.mobile,
        people.email,
        people.wechat_unionid,
        people.title,
        'active' as record_status,
        cast(people_360.lifetime_value_amount as varchar) as lifetime_value,
        people_360.currency,
        cast(people_360.last_order_on as varchar) as last_order_on,
        people_360.open_ticket_count as open_tickets,
        cast(people_360.overdue_amount as varchar) as overdue_amount,
        cast(people_360.last_contact_on as varchar) as last_contact_on,
        people_360.source_systems
    from people
    inner join people_360 on people.person_id = people_360.person_id
    left outer join companies_360
        on
            people_360.company_id = companies_360.company_id
            and companies_360.is_sendable
    left outer join crm_records
        on people.person_id = crm_records.person_id and crm_records.crm = 'selfbuilt'
    where people_360.is_sendable

),

fingerprinted as (

    select
        person_id,
        selfbuilt_contact_id,
        company_id,
        name,
        mobile,
        email,
        wechat_unionid,
        title,
        record_status,
        lifetime_value,
        currency,
        last_order_on,
        open_tickets,
        overdue_amount,
        last_contact_on,
        source_systems,
        {{ sync_fingerprint([
            'person_id',
            'company_id',
            'name',
            'mobile',
            'email',
            'wechat_unionid',
            'title',
            'record_status',
            'lifetime_value',
            'currency',
            'last_order_on',
            'open_tickets',
            'overdue_amount',
            'last_contact_on',
            'source_systems',
        ]) }} as fingerprint
    from desired

)

select * from fingerprinted
