-- One row per spelling of an address.
{{ config(materialized='incremental', unique_key='raw_address') }}

with

han_addresses as (

    select * from {{ ref('int_han_addresses_parted') }}

),

letter_addresses as (

    select * from {{ ref('int_letter_addresses_parted') }}

),

unioned as (

    select * from han_addresses
    union all by name
    select * from letter_addresses

),

normalised as (

    select
        raw_address,
        province,
        city,
        district,
        postcode,
        nullif(rest_key, '') as rest_key,
        nullif(
            trim(both '-' from {{ regexp_replaced('rest_key', '[^0-9]+', '-') }}), ''
        ) as number_key
    from unioned

)

select * from normalised
