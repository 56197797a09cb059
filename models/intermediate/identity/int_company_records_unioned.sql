-- One row per record of a company in any system.
{{ config(materialized='view') }}

with

erp_customers as (

    select
        'erp' as source_system,
        'customer:' || customer_id as source_record_id,
        name as company_name,
        tax_id,
        phone,
        email,
        city,
        address,
        is_deleted,
        created_at as first_seen_at,
        updated_at as last_seen_at
    from {{ ref('stg_erp__customers') }}
    where customer_type is distinct from 'person'

),

invoiced_companies as (

    select
        'finance' as source_system,
        'invoice:' || invoice_no as source_record_id,
        customer_name as company_name,
        tax_id,
        customer_phone as phone,
        customer_email as email,
        seen_at as first_seen_at,
        seen_at as last_seen_at
    from {{ ref('int_finance_parties_parted') }}
    where is_company

),

crm_companies as (

    select
        'selfbuilt' as source_system,
        'company:' || id as source_record_id,
        name as company_name,
        tax_id,
        phone,
        email,
        city,
        address,
        first_typed_at as first_seen_at,
        last_typed_at as last_seen_at
    from {{ ref('int_selfbuilt_companies_unechoed') }}

),

canonical_records as (

    select
        source_system,
        source_record_id,
        tax_id,
        phone,
        email,
        city,
        address,
        updated_at as first_seen_at,
        updated_at as last_seen_at,
        coalesce(company_name, full_name) as company_name
    from {{ ref('stg_canonical__records') }}
    where entity_type = 'organisation'

),

unioned as (

    select * from erp_customers
    union all by name
    select * from invoiced_companies
    union all by name
    select * from crm_companies
    union all by name
    select * from canonical_records

),

keyed as (

    select
        source_system,
        source_record_id,
        company_name,
        tax_id,
        phone,
        email,
        city,
        address,
        first_seen_at,
        last_seen_at,
        source_system || ':' || source_record_id as record_key,
        coalesce(is_deleted, false) as is_deleted
    from unioned

)

select * from keyed
