-- One row per sync and key: which record of the CRM is whose.
with

source as (

    select * from {{ source('ledger', 'records') }}

),

latest as (

    select *
    from source
    qualify
        row_number()
            over (
                partition by sync, key
                order by changed_at desc, _dlt_load_id desc
            )
        = 1

),

renamed as (

    select
        -- ids
        sync,
        key,
        remote_id,

        -- codes
        destination,
        object,
        origin,
        state,

        -- timestamps
        cast(changed_at as timestamp) as changed_at
    from latest

)

select * from renamed
