-- One row per two records on which people decided, with their last answer.
with

source as (

    select * from {{ source('decisions', 'match_decisions') }}

),

latest as (

    select *
    from source
    qualify
        row_number()
            over (
                partition by entity_type, record_key, other_record_key
                order by decided_at desc, verdict asc
            )
        = 1

),

renamed as (

    select
        -- ids
        record_key,
        other_record_key,

        -- strings
        entity_type,
        verdict,
        decided_by,
        reason,

        -- numbers
        cast(probability as decimal(5, 4)) as probability,

        -- timestamps
        cast(decided_at as timestamp) as decided_at
    from latest

)

select * from renamed
