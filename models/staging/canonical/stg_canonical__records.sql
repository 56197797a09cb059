-- One row per record that was brought in canonical form, its newest version.
with

source as (

    select * from {{ source('canonical', 'records') }}

),

latest as (

    select *
    from source
    qualify
        row_number()
            over (
                partition by source_system, source_record_id
                order by
                    try_cast(updated_at as timestamp) desc nulls last,
                    _dlt_load_id desc nulls last
            )
        = 1

),

renamed as (

    select
        -- ids
        source_system,
        source_record_id,

        -- strings
        {{ clean_text('entity_type') }} as entity_type,
        {{ clean_text('full_name') }} as full_name,
        {{ clean_text('phone') }} as phone,
        {{ clean_text('email') }} as email,
        {{ clean_text('wechat_unionid') }} as wechat_unionid,
        {{ clean_text('national_id') }} as national_id,
        {{ clean_text('company_name') }} as company_name,
        {{ clean_text('tax_id') }} as tax_id,
        {{ clean_text('address') }} as address,
        {{ clean_text('city') }} as city,

        -- dates
        {{ parse_date('birth_date') }} as birth_date,

        -- timestamps
        try_cast(updated_at as timestamp) as updated_at
    from latest

)

select * from renamed
