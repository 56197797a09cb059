-- One row per invoice: who is invoiced, a company or a person, and who is named as its contact.
with

invoices as (

    select * from {{ ref('stg_finance__invoices') }}

),

company_names as (

    select * from {{ ref('int_company_names_normalised') }}

),

customers as (

    select *
    from {{ ref('stg_erp__customers') }}
    where customer_type = 'company'

),

known_names as (

    select distinct company_names.name_key
    from customers
    inner join company_names on customers.name = company_names.raw_name

),

tax_codes as (

    select
        invoice_no,
        {{ code_text('tax_id') }} as tax_code
    from invoices
    where tax_id is not null

),

tax_ids as (

    select
        invoice_no,
        {{ is_tax_id('tax_code') }} as is_valid
    from tax_codes

),

judged as (

    select
        invoices.invoice_no,
        invoices.customer_name,
        invoices.tax_id,
        invoices.contact_name,
        invoices.phone,
        invoices.email,
        invoices.issued_on,
        coalesce(tax_ids.is_valid, false)
        or coalesce(company_names.is_company_like, false)
        or known_names.name_key is not null as is_company
    from invoices
    left outer join tax_ids on invoices.invoice_no = tax_ids.invoice_no
    left outer join company_names on invoices.customer_name = company_names.raw_name
    left outer join known_names on company_names.name_key = known_names.name_key

),

-- a person who is invoiced and named as the contact is one record, not two
accompanied as (

    select
        invoice_no,
        is_company,
        contact_name is not null
        and (is_company or contact_name is distinct from customer_name) as has_contact
    from judged

),

parted as (

    select
        judged.invoice_no,
        judged.customer_name,
        judged.tax_id,
        judged.is_company,
        accompanied.has_contact,
        cast(judged.issued_on as timestamp) as seen_at,
        -- phone and e-mail are the contact's, if one is named
        case when not accompanied.has_contact then judged.phone end as customer_phone,
        case when not accompanied.has_contact then judged.email end as customer_email,
        case when accompanied.has_contact then judged.contact_name end as contact_name,
        case when accompanied.has_contact then judged.phone end as contact_phone,
        case when accompanied.has_contact then judged.email end as contact_email
    from judged
    inner join accompanied on judged.invoice_no = accompanied.invoice_no

)

select * from parted
