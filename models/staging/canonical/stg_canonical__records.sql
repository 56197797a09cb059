-- One row per record that was brought in canonical form, its newest version.
{{ config(
    materialized='incremental',
    unique_key=['source_system', 'source_record_id'],
    pre_hook="{{ forget_erased_records(source('canonical', 'records')) }}"
) }}

with

records as (

    select * from {{ source('canonical', 'records') }}

),

-- 01/02/1990 says nothing of its order, 22/01/1990 beside it in the same list does
habits as (

    select
        source_system,
        count(*) filter (where {{ regexp_matches('birth_date', '^(1[3-9]|2[0-9]|3[01])/') }})
        > count(*) filter (
            where {{ regexp_matches('birth_date', '^[0-9]+/(1[3-9]|2[0-9]|3[01])/') }}
        ) as has_day_first
    from records
    group by source_system

),

source as (

    select *
    from records
    {% if is_incremental() %}
        -- all versions of what came anew: an old file that is dropped again isn't newer
        where
            (source_system, source_record_id) in (
                select
                    loaded.source_system,
                    loaded.source_record_id
                from records as loaded
                where loaded._dlt_load_id > (
                    select coalesce(max(known.load_id), '') from {{ this }} as known
                )
            )
            -- a list that turns out to write its dates otherwise
            or source_system in (
                select known.source_system
                from {{ this }} as known
                where
                    (known.source_system, known.has_day_first) not in (
                        select
                            habits.source_system,
                            habits.has_day_first
                        from habits
                    )
            )
    {% endif %}

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
        latest.source_system,
        latest.source_record_id,
        latest._dlt_load_id as load_id,

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

        -- booleans
        habits.has_day_first,

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
