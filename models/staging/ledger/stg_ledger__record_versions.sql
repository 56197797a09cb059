-- One row per state of a synced record that was ever landed.
with

source as (

    select * from {{ source('ledger', 'records') }}

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
        sent_digests,
        observed_digests,

        -- timestamps
        cast(changed_at as timestamp) as changed_at
    from source

)

select * from renamed
