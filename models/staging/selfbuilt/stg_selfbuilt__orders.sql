-- One row per order in the CRM, its newest version.
with

source as (

    select * from {{ source('selfbuilt', 'orders') }}

),

latest as (

    select *
    from source
    -- a tombstone repeats the last `updated`, so the load decides between them
    qualify
        row_number()
            over (
                partition by id
                order by updated desc nulls first, _dlt_load_id desc
            )
        = 1

),

renamed as (

    select
        -- ids
        id,

        -- dates
        try_cast(ordered_on as date) as ordered_on,

        -- timestamps
        cast(created as timestamp) as created,
        cast(updated as timestamp) as updated,

        -- strings
        {{ clean_text('external_id') }} as external_id,
        {{ clean_text('order_no') }} as order_no,
        {{ clean_text('contact') }} as contact,
        {{ clean_text('company') }} as company,
        {{ clean_text('status') }} as status,
        {{ clean_text('currency') }} as currency,
        {{ clean_text('channel') }} as channel,

        -- amounts
        {{ parse_decimal('amount', 2) }} as amount,

        -- booleans
        coalesce(_is_deleted, false) as is_deleted
    from latest

)

select * from renamed
