-- One row per version of a contact in the CRM that was ever read.
with

source as (

    select * from {{ source('selfbuilt', 'contacts') }}

),

renamed as (

    select
        -- ids
        _dlt_id as version_id,
        id,
        _dlt_load_id as load_id,

        -- timestamps
        cast(created as timestamp) as created,
        cast(updated as timestamp) as updated,

        -- strings
        {{ clean_text('external_id') }} as external_id,
        {{ clean_text('name') }} as name,
        {{ clean_text('mobile') }} as mobile,
        {{ clean_text('email') }} as email,
        {{ clean_text('wechat_unionid') }} as wechat_unionid,
        {{ clean_text('title') }} as title,
        {{ clean_text('company') }} as company,

        -- booleans
        coalesce(_is_deleted, false) as is_deleted
    from source

)

select * from renamed
