-- One row per invoice: who is invoiced, a company or a person, and who is named as its contact.
with

invoices as (

    select * from {{ ref('stg_finance__invoices') }}

),

company_names as (

    select * from {{ ref('int_company_names_normalised') }}

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
        invoices.exported_at,
        {{ is_tax_id(code_text('invoices.tax_id')) }}
        or coalesce(company_names.is_company_like, false) as is_company
    from invoices
    left outer join company_names on invoices.customer_name = company_names.raw_name

),

parted as (

    select
        invoice_no,
        customer_name,
        tax_id,
        is_company,
        -- phone and e-mail are the contact's; a person without one is their own
        case when not has_contact then phone end as customer_phone,
        case when not has_contact then email end as customer_email,
        has_contact,
        case when has_contact then contact_name end as contact_name,
        case when has_contact then phone end as contact_phone,
        case when has_contact then email end as contact_email,
        cast(issued_on as timestamp) as first_seen_at,
        cast(issued_on as timestamp) as last_seen_at
    from (
        select
            *,
            (is_company and coalesce(contact_name, phone, email) is not null)
            or contact_name <> customer_name as has_contact
        from judged
    )

)

select * from parted
