-- One row per company in the CRM, its newest version.
with

source as (

    select * from {{ source('selfbuilt', 'companies') }}

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

        -- numbers
        try_cast(open_tickets as bigint) as open_tickets,

        -- dates
        try_cast(last_order_on as date) as last_order_on,

        -- timestamps
        cast(created as timestamp) as created,
        cast(updated as timestamp) as updated,

        -- strings
        {{ clean_text('external_id') }} as external_id,
        {{ clean_text('name') }} as name,
        {{ clean_text('tax_id') }} as tax_id,
        {{ clean_text('phone') }} as phone,
        {{ clean_text('email') }} as email,
        {{ clean_text('city') }} as city,
        {{ clean_text('address') }} as address,
        {{ clean_text('currency') }} as currency,
        {{ clean_text('source_systems') }} as source_systems,
        {{ clean_text('sales_owner') }} as sales_owner,
        {{ clean_text('stage') }} as stage,
        {{ clean_text('notes') }} as notes,

        -- amounts
        {{ parse_decimal('lifetime_value', 2) }} as lifetime_value,
        {{ parse_decimal('overdue_amount', 2) }} as overdue_amount,

        -- booleans
        coalesce(_is_deleted, false) as is_deleted
    from latest

)

select * from renamed
