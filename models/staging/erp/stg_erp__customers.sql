-- One row per ERP customer, its newest version.
with

source as (

    select * from {{ source('erp', 'customers') }}

),

latest as (

    select *
    from source
    qualify
        row_number()
            over (
                partition by customer_id
                order by updated_at desc, _dlt_load_id desc
            )
        = 1

),

renamed as (

    select
        -- ids
        customer_id,

        -- strings
        {{ clean_text('customer_code') }} as customer_code,
        {{ clean_text('customer_type') }} as customer_type,
        {{ clean_text('name') }} as name,
        {{ clean_text('tax_id') }} as tax_id,
        {{ clean_text('phone') }} as phone,
        {{ clean_text('email') }} as email,
        {{ clean_text('city') }} as city,
        {{ clean_text('address') }} as address,

        -- booleans
        coalesce(is_deleted, false) as is_deleted,

        -- timestamps
        {{ to_utc('created_at', 'Asia/Shanghai') }} as created_at,
        {{ to_utc('updated_at', 'Asia/Shanghai') }} as updated_at
    from latest

)

select * from renamed
