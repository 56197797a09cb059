-- One row per record of a person in any system.
{{ config(materialized='view') }}

with

erp_customers as (

    select
        'erp' as source_system,
        'customer:' || customer_id as source_record_id,
        name as full_name,
        phone,
        email,
        city,
        address,
        is_deleted,
        created_at as first_seen_at,
        updated_at as last_seen_at
    from {{ ref('stg_erp__customers') }}
    where customer_type = 'person'

),

erp_contacts as (

    select
        'erp' as source_system,
        'contact:' || contact_id as source_record_id,
        name as full_name,
        mobile as phone,
        email,
        wechat_unionid,
        national_id,
        birth_date,
        title,
        'erp:customer:' || customer_id as company_record_key,
        is_deleted,
        created_at as first_seen_at,
        updated_at as last_seen_at
    from {{ ref('stg_erp__contacts') }}

),

helpdesk_users as (

    select
        'helpdesk' as source_system,
        'user:' || id as source_record_id,
        realname as full_name,
        phone,
        address as email,
        organisation as company_name,
        is_retired as is_deleted,
        creation as first_seen_at,
        activity as last_seen_at
    from {{ ref('stg_helpdesk__users') }}

),

shop_orders as (

    select
        'shop' as source_system,
        'order:' || order_no as source_record_id,
        receiver_name as full_name,
        mobile as phone,
        email,
        wechat_unionid,
        receiver_address as address,
        ordered_at as first_seen_at,
        modified_at as last_seen_at
    from {{ ref('stg_shop__orders') }}

),

finance_invoices as (

    select * from {{ ref('int_finance_parties_parted') }}

),

invoiced_people as (

    select
        'finance' as source_system,
        'invoice:' || invoice_no as source_record_id,
        customer_name as full_name,
        customer_phone as phone,
        customer_email as email,
        seen_at as first_seen_at,
        seen_at as last_seen_at
    from finance_invoices
    where not is_company

),

invoice_contacts as (

    select
        'finance' as source_system,
        'invoice-contact:' || invoice_no as source_record_id,
        contact_name as full_name,
        contact_phone as phone,
        contact_email as email,
        case when is_company then 'finance:invoice:' || invoice_no end as company_record_key,
        seen_at as first_seen_at,
        seen_at as last_seen_at
    from finance_invoices
    where has_contact

),

crm_contacts as (

    select
        'selfbuilt' as source_system,
        'contact:' || id as source_record_id,
        name as full_name,
        known_as,
        mobile as phone,
        email,
        wechat_unionid,
        title,
        'selfbuilt:company:' || company as company_record_key,
        first_typed_at as first_seen_at,
        last_typed_at as last_seen_at
    from {{ ref('int_selfbuilt_contacts_unechoed') }}

),

canonical_records as (

    select
        source_system,
        source_record_id,
        full_name,
        phone,
        email,
        wechat_unionid,
        national_id,
        company_name,
        city,
        address,
        birth_date,
        updated_at as first_seen_at,
        updated_at as last_seen_at
    from {{ ref('stg_canonical__records') }}
    where entity_type = 'person'

),

unioned as (

    select * from erp_customers
    union all by name
    select * from erp_contacts
    union all by name
    select * from helpdesk_users
    union all by name
    select * from shop_orders
    union all by name
    select * from invoiced_people
    union all by name
    select * from invoice_contacts
    union all by name
    select * from crm_contacts
    union all by name
    select * from canonical_records

),

keyed as (

    select
        source_system,
        source_record_id,
        full_name,
        phone,
        email,
        wechat_unionid,
        national_id,
        title,
        city,
        address,
        company_name,
        company_record_key,
        birth_date,
        first_seen_at,
        last_seen_at,
        source_system || ':' || source_record_id as record_key,
        coalesce(known_as, full_name) as known_as,
        coalesce(is_deleted, false) as is_deleted
    from unioned

)

select * from keyed
