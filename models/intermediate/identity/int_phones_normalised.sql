-- One row per phone number in each spelling of a phone.
with

phones as (

    select * from {{ ref('int_phones_split') }}

),

-- most are of the home country, or grouped as in North America, which SQL knows much faster
known as (

    select
        raw_phone,
        phone as typed_phone,
        {{ home_mobile('phone') }} as home_mobile,
        {{ north_american_phone('phone') }} as north_american_phone,
        {{ home_landline('phone') }} as home_landline
    from phones

),

parsed as (

    select
        raw_phone,
        typed_phone,
        {{ parse_phone('typed_phone') }} as parsed_phone
    from known
    where home_mobile is null and north_american_phone is null and home_landline is null

),

unioned as (

    select
        raw_phone,
        typed_phone,
        null as reason,
        coalesce(north_american_phone, home_mobile, home_landline) as phone,
        case
            when north_american_phone is null and home_mobile is null then 'landline'
            else 'mobile'
        end as phone_kind
    from known
    where home_mobile is not null or north_american_phone is not null or home_landline is not null

    union all by name

    select
        raw_phone,
        typed_phone,
        parsed_phone['reason'] as reason,
        parsed_phone['e164'] as phone,
        parsed_phone['kind'] as phone_kind
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
    from unioned

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

-- 00000000 is nobody's
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
                and replace(digits, left(digits, 1), '') != ''
                then right(digits, 8)
        end as weak_phone
    from counted

)

select * from normalised
