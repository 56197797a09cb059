-- One row per invoice, as its newest export has it.
with

source as (

    select * from {{ source('finance', 'invoices') }}

),

latest as (

    select *
    from source
    -- the export's own time first: an old file dropped again is loaded last but isn't newer
    qualify
        row_number()
            over (
                partition by invoice_no
                order by
                    _exported_at desc nulls last,
                    _file_modified_at desc nulls last,
                    _dlt_load_id desc,
                    _file desc,
                    _row desc
            )
        = 1

),

renamed as (

    select
        -- ids
        invoice_no,

        -- codes
        _file as source_file,

        -- numbers
        _row as source_row,

        -- dates
        try_cast(issued_on as date) as issued_on,
        try_cast(due_on as date) as due_on,

        -- strings
        {{ clean_text('customer_name') }} as customer_name,
        {{ clean_text('tax_id') }} as tax_id,
        {{ clean_text('contact_name') }} as contact_name,
        {{ clean_text('phone') }} as phone,
        {{ clean_text('email') }} as email,
        {{ clean_text('currency') }} as currency,
        {{ clean_text('status') }} as status,

        -- amounts
        {{ parse_decimal('amount', 2) }} as amount,
        {{ parse_decimal('tax_amount', 2) }} as tax_amount,
        {{ parse_decimal('total_amount', 2) }} as total_amount,

        -- timestamps
        {{ to_utc('_exported_at', 'Asia/Shanghai') }} as exported_at
    from latest

)

select * from renamed
