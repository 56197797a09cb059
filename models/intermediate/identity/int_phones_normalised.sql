-- One row per phone number in each spelling of a phone.
{{ config(materialized='incremental', unique_key='raw_phone') }}

{%- set extension = ' *(?:转|轉|分机|ext|x|#)[ .:]*([0-9]{1,6})$' %}

with

phones as (

    select * from {{ ref('int_phones_split') }}

),

-- 021-58881234转801
extended as (

    select
        raw_phone,
        phone as typed_phone,
        case
            when {{ regexp_matches('phone', '[^0-9 +()-]') }}
                then {{ regexp_replaced('phone', extension) }}
            else phone
        end as bare_phone,
        nullif(regexp_extract(phone, '[0-9]{{ extension }}', 1), '') as phone_extension
    from phones

),

-- most are of the home country, or grouped as in North America, which SQL knows much faster;
-- a filter would be pushed down, and everything be asked twice
mobiles as (

    select
        raw_phone,
        typed_phone,
        bare_phone,
        phone_extension,
        coalesce(
            {{ north_american_phone('bare_phone') }}, {{ home_mobile('bare_phone') }}
        ) as mobile
    from extended

),

landlines as (

    select
        raw_phone,
        typed_phone,
        phone_extension,
        mobile,
        case when mobile is null then {{ home_landline('bare_phone') }} end as landline
    from mobiles

),

parsed as (

    select
        raw_phone,
        typed_phone,
        phone_extension,
        mobile,
        landline,
        case
            when mobile is null and landline is null then {{ parse_phone('typed_phone') }}
        end as parsed_phone
    from landlines

),

judged as (

    select
        raw_phone,
        typed_phone,
        parsed_phone['reason'] as reason,
        case
            when mobile is null and landline is null then parsed_phone['e164']
            else concat_ws(';ext=', coalesce(mobile, landline), phone_extension)
        end as phone,
        case
            when mobile is null and landline is null then parsed_phone['kind']
            when phone_extension is not null then 'extension'
            when mobile is null then 'landline'
            else 'mobile'
        end as phone_kind
    from parsed

),

-- the digits that everybody types, whatever stands around them
dialled as (

    select
        raw_phone,
        phone,
        phone_kind,
        reason,
        coalesce(
            split_part(phone, ';', 1),
            {{ regexp_replaced('typed_phone', '[.]0+$|(转|轉|分机|ext|x|#).*$') }}
        ) as dialled_phone
    from judged

),

counted as (

    select
        raw_phone,
        phone,
        phone_kind,
        reason,
        {{ regexp_replaced('dialled_phone', '[^0-9]') }} as digits
    from dialled

),

-- 00000000 and 123456789 are nobody's
normalised as (

    select distinct
        raw_phone,
        phone,
        phone_kind,
        reason,
        case
            when
                coalesce(reason, '') != 'digits lost by a spreadsheet'
                and length(digits) >= 7
                and not {{ is_made_up('digits') }}
                then right(digits, 8)
        end as weak_phone
    from counted

)

select * from normalised
