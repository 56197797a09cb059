-- One row per helpdesk ticket, its newest version.
with

source as (

    select * from {{ source('helpdesk', 'issues') }}

),

latest as (

    select *
    from source
    qualify row_number() over (partition by id order by activity desc, _dlt_load_id desc) = 1

),

renamed as (

    select
        -- ids
        id,
        requester_id,

        -- timestamps
        cast(creation as timestamp) as creation,
        cast(activity as timestamp) as activity,

        -- strings
        {{ clean_text('title') }} as title,
        {{ clean_text('status') }} as status,
        {{ clean_text('priority') }} as priority,

        -- booleans
        coalesce(is_retired, false) as is_retired
    from latest

)

select * from renamed
