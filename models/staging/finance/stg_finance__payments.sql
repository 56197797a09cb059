-- One row per payment, as its newest export has it.
with

source as (

    select * from {{ source('finance', 'payments') }}

),

latest as (

    select *
    from source
    -- the export's own time first: an old file dropped again is loaded last but isn't newer
    qualify
        row_number()
            over (
                partition by payment_no
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
        payment_no,

        -- codes
        invoice_no,
        _file as source_file,

        -- numbers
        _row as source_row,

        -- dates
        try_cast(paid_on as date) as paid_on,

        -- strings
        {{ clean_text('currency') }} as currency,
        {{ clean_text('method') }} as method,

        -- amounts
        {{ parse_decimal('amount', 2) }} as amount,

        -- timestamps
        {{ to_utc('_exported_at', 'Asia/Shanghai') }} as exported_at
    from latest

)

select * from renamed
