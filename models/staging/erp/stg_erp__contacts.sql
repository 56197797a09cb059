-- One row per ERP contact, its newest version.
with

source as (

    select * from {{ source('erp', 'contacts') }}

),

latest as (

    select *
    from source
    qualify
        row_number()
            over (
                partition by contact_id
                order by updated_at desc, _dlt_load_id desc
            )
        = 1

),

renamed as (

    select
        -- ids
        contact_id,
        customer_id,

        -- dates
        cast(birth_date as date) as birth_date,

        -- strings
        {{ clean_text('name') }} as name,
        {{ clean_text('title') }} as title,
        {{ clean_text('mobile') }} as mobile,
        {{ clean_text('email') }} as email,
        {{ clean_text('wechat_unionid') }} as wechat_unionid,
        {{ clean_text('national_id') }} as national_id,

        -- booleans
        coalesce(is_deleted, false) as is_deleted,

        -- timestamps
        {{ to_utc('created_at', 'Asia/Shanghai') }} as created_at,
        {{ to_utc('updated_at', 'Asia/Shanghai') }} as updated_at
    from latest

)

select * from renamed
