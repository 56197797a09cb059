-- One row per attempt to write one record.
with

source as (

    select * from {{ source('ledger', 'deliveries') }}

),

latest as (

    select *
    from source
    qualify row_number() over (partition by delivery_id order by _dlt_load_id desc) = 1

),

renamed as (

    select
        -- ids
        delivery_id,
        run_id,
        batch_id,
        remote_id,

        -- codes
        sync,
        key,
        operation,
        fields,
        outcome,

        -- numbers
        attempt,

        -- timestamps
        cast(intent_at as timestamp) as intent_at,
        cast(outcome_at as timestamp) as outcome_at,

        -- strings
        {{ clean_text('error_code') }} as error_code,
        {{ clean_text('error_field') }} as error_field
    from latest

)

select * from renamed
