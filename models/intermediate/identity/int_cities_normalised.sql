-- One row per spelling of a city, in a field of its own or in an address.
{{ config(materialized='incremental', unique_key='raw_city') }}

with

person_records as (

    select * from {{ ref('int_person_records_renewed') }}

),

company_records as (

    select * from {{ ref('int_company_records_renewed') }}

),

addresses as (

    select * from {{ ref('int_addresses_normalised') }}

),

regions as (

    select * from {{ ref('regions') }}

),

raw_cities as (

    select city as raw_city from person_records
    where city is not null
    union by name
    select city as raw_city from company_records
    where city is not null
    union by name
    select city as raw_city from addresses
    where city is not null

),

-- 上海市, 沪, 广东省深圳市 and Shang Hai
plain as (

    select
        raw_city,
        {{ regexp_replaced(
            regexp_replaced(plain_text('raw_city'), '[\\s,，-]|(?i)city$'), '^.+省|(市|地区)$'
        ) }} as plain_city
    from raw_cities

),

spellings as (

    select
        region as spelling,
        region,
        pinyin
    from regions

    union all by name

    select
        abbreviation as spelling,
        region,
        pinyin
    from regions
    where abbreviation is not null

),

normalised as (

    select
        plain.raw_city,
        spellings.region,
        nullif(coalesce(spellings.pinyin, {{ latin_text('plain.plain_city') }}), '') as city_key
    from plain
    left outer join spellings on plain.plain_city = spellings.spelling

)

select * from normalised
