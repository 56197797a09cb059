-- One row per currency and span of days over which its rate holds.
with

exchange_rates as (

    select * from {{ ref('exchange_rates') }}

),

dated as (

    select
        currency,
        rate_to_cny,
        valid_from as valid_from_on,
        lead(valid_from) over (partition by currency order by valid_from) as valid_until_on
    from exchange_rates

)

select * from dated
