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

-- 01/02/1990 says nothing of its order, 22/01/1990 beside it in the same list does
habits as (

    select
        source_system,
        count(*) filter (where {{ regexp_matches('birth_date', '^(1[3-9]|2[0-9]|3[01])/') }})
        > count(*) filter (
            where {{ regexp_matches('birth_date', '^[0-9]+/(1[3-9]|2[0-9]|3[01])/') }}
        ) as has_day_first
    from source
    group by source_system

),

renamed as (

    select
        -- ids
        latest.source_system,
        latest.source_record_id,

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
        case
            when habits.has_day_first
                then {{ parse_date(day_and_month_exchanged('latest.birth_date')) }}
            else {{ parse_date('latest.birth_date') }}
        end as birth_date,

        -- timestamps
        try_cast(latest.updated_at as timestamp) as updated_at
    from latest
    inner join habits on latest.source_system = habits.source_system

)

select * from renamed
