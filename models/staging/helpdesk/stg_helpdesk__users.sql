-- One row per helpdesk user, its newest version.
with

source as (

    select * from {{ source('helpdesk', 'users') }}

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

        -- timestamps
        cast(creation as timestamp) as creation,
        cast(activity as timestamp) as activity,

        -- strings
        {{ clean_text('username') }} as username,
        {{ clean_text('realname') }} as realname,
        {{ clean_text('address') }} as address,
        {{ clean_text('phone') }} as phone,
        {{ clean_text('organisation') }} as organisation,

        -- booleans
        coalesce(is_retired, false) as is_retired
    from latest

)

select * from renamed
