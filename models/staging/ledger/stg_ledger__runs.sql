-- One row per run of a sync.
with

source as (

    select * from {{ source('ledger', 'runs') }}

),

latest as (

    select *
    from source
    qualify row_number() over (partition by run_id order by _dlt_load_id desc) = 1

),

renamed as (

    select
        -- ids
        run_id,
        plan_id,
        invocation_id,

        -- codes
        sync,
        command,
        mapping_hash,
        counts,

        -- timestamps
        cast(started_at as timestamp) as started_at,
        cast(finished_at as timestamp) as finished_at,

        -- strings
        {{ clean_text('status') }} as status
    from latest

)

select * from renamed
