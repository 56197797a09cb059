-- One row per ERP order, its newest version.
with

source as (

    select * from {{ source('erp', 'orders') }}

),

latest as (

    select *
    from source
    qualify
        row_number()
            over (
                partition by order_id
                order by updated_at desc, _dlt_load_id desc
            )
        = 1

),

renamed as (

    select
        -- ids
        order_id,
        customer_id,
        contact_id,

        -- numbers
        cast(total_amount as decimal(18, 2)) as total_amount,

        -- strings
        {{ clean_text('order_no') }} as order_no,
        {{ clean_text('status') }} as status,
        {{ clean_text('currency') }} as currency,

        -- booleans
        coalesce(is_deleted, false) as is_deleted,

        -- timestamps
        {{ to_utc('ordered_at', 'Asia/Shanghai') }} as ordered_at,
        {{ to_utc('updated_at', 'Asia/Shanghai') }} as updated_at
    from latest

)

select * from renamed
