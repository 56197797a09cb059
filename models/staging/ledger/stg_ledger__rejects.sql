-- One row per sync and key in the retry queue, its newest state.
with

source as (

    select * from {{ source('ledger', 'rejects') }}

),

latest as (

    select *
    from source
    qualify row_number() over (partition by sync, key order by _dlt_load_id desc) = 1

),

renamed as (

    select
        -- ids
        sync,
        key,
        run_id,

        -- codes
        state,

        -- numbers
        attempts,

        -- timestamps
        cast(since as timestamp) as since,

        -- strings
        {{ clean_text('error_code') }} as error_code,
        {{ clean_text('error_field') }} as error_field
    from latest

)

select * from renamed
