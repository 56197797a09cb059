-- One row per phone number in each spelling of a phone: 13812345678/010-62345678 is two.

{%- set number = '[0-9][0-9() .eE+-]{5,}[0-9]' %}
{%- set two_numbers = '(' ~ number ~ ') *[/,] *([+(]?' ~ number ~ ')' %}

with

person_records as (

    select * from {{ ref('int_person_records_renewed') }}

),

company_records as (

    select * from {{ ref('int_company_records_renewed') }}

),

raw_phones as (

    select phone as raw_phone from person_records
    where phone is not null
    union by name
    select phone as raw_phone from company_records
    where phone is not null

),

-- most have one number and nothing to split
plain as (

    select
        raw_phone,
        case
            when {{ regexp_matches('raw_phone', '^[+()0-9 -]{5,20}$') }} then raw_phone
            else {{ narrow_text('raw_phone') }}
        end as phone
    from raw_phones

),

listed as (

    select
        raw_phone,
        {{ regexp_replaced('phone', '[;|、，\\n\\r]+| or | and |或|和', ';') }} as phones
    from plain

),

-- what stands on both sides is long enough for a number: 030/901820 and 010-62345678/79 are one;
-- a match takes both, so the third of three waits for a second look
separated as (

    select
        raw_phone,
        {{ regexp_replaced(
            regexp_replaced(
                regexp_replaced('phones', two_numbers, '\\1;\\2'),
                two_numbers,
                '\\1;\\2'
            ),
            '\\b(1[3-9][0-9]{9})[ /,]+([+]?[0-9][0-9-]{6,})',
            '\\1;\\2'
        ) }} as phones
    from listed

),

exploded as (

    select
        raw_phone,
        trim({{ exploded("string_split(phones, ';')") }}) as phone
    from separated

),

split as (

    select distinct
        raw_phone,
        phone
    from exploded
    where phone != ''

)

select * from split
