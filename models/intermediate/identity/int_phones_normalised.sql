-- One row per spelling of a phone number.
with

person_records as (

    select * from {{ ref('int_person_records_unioned') }}

),

company_records as (

    select * from {{ ref('int_company_records_unioned') }}

),

raw_phones as (

    select phone as raw_phone from person_records
    where phone is not null
    union by name
    select phone as raw_phone from company_records
    where phone is not null

),

-- most are mobiles of the home country, which SQL knows a hundred times faster
home_mobiles as (

    select
        raw_phone,
        {{ home_mobile('raw_phone') }} as phone
    from raw_phones

),

parsed as (

    select
        raw_phone,
        {{ parse_phone('raw_phone') }} as parsed_phone
    from home_mobiles
    where phone is null

),

normalised as (

    select
        raw_phone,
        phone,
        'mobile' as phone_kind,
        null as reason
    from home_mobiles
    where phone is not null

    union all by name

    select
        raw_phone,
        parsed_phone['e164'] as phone,
        parsed_phone['kind'] as phone_kind,
        parsed_phone['reason'] as reason
    from parsed

)

select * from normalised
