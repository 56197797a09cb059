-- One row per shop order, its newest modification.
with

source as (

    select * from {{ source('shop', 'orders') }}

),

latest as (

    select *
    from source
    -- the order's own time first: an old file dropped again is loaded last but isn't newer
    qualify
        row_number()
            over (
                partition by order_no
                order by
                    modified_at desc,
                    _exported_at desc nulls last,
                    _dlt_load_id desc,
                    _file desc,
                    _row desc
            )
        = 1

),

renamed as (

    select
        -- ids
        order_no,

        -- codes
        _file as source_file,

        -- numbers
        _row as source_row,

        -- strings
        {{ clean_text('buyer_nickname') }} as buyer_nickname,
        {{ clean_text('receiver_name') }} as receiver_name,
        {{ clean_text('mobile') }} as mobile,
        {{ clean_text('email') }} as email,
        {{ clean_text('wechat_unionid') }} as wechat_unionid,
        {{ clean_text('receiver_address') }} as receiver_address,
        {{ clean_text('invoice_title') }} as invoice_title,
        {{ clean_text('tax_id') }} as tax_id,
        {{ clean_text('product_name') }} as product_name,
        {{ clean_text('currency') }} as currency,
        {{ clean_text('status') }} as status,

        -- amounts
        {{ parse_decimal('quantity', 3) }} as quantity,
        {{ parse_decimal('paid_amount', 2) }} as paid_amount,

        -- timestamps
        {{ to_utc('try_cast(ordered_at as timestamp)', 'Asia/Shanghai') }} as ordered_at,
        {{ to_utc('try_cast(modified_at as timestamp)', 'Asia/Shanghai') }} as modified_at,
        {{ to_utc('_exported_at', 'Asia/Shanghai') }} as exported_at
    from latest

)

select * from renamed
