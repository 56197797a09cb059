-- One row per line of an ERP order, its newest version.
with

source as (

    select * from {{ source('erp', 'order_lines') }}

),

latest as (

    select *
    from source
    qualify
        row_number()
            over (
                partition by order_line_id
                order by updated_at desc, _dlt_load_id desc
            )
        = 1

),

renamed as (

    select
        -- ids
        order_line_id,
        order_id,

        -- numbers
        line_no,
        cast(quantity as decimal(18, 3)) as quantity,
        cast(unit_price as decimal(18, 4)) as unit_price,
        cast(amount as decimal(18, 2)) as amount,

        -- strings
        {{ clean_text('sku') }} as sku,
        {{ clean_text('product_name') }} as product_name,

        -- booleans
        coalesce(is_deleted, false) as is_deleted,

        -- timestamps
        {{ to_utc('updated_at', 'Asia/Shanghai') }} as updated_at
    from latest

)

select * from renamed
