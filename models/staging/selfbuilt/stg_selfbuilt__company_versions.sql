-- One row per version of a company in the CRM that was ever read.
with

source as (

    select * from {{ source('selfbuilt', 'companies') }}

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
        {{ clean_text('tax_id') }} as tax_id,
        {{ clean_text('phone') }} as phone,
        {{ clean_text('email') }} as email,
        {{ clean_text('city') }} as city,
        {{ clean_text('address') }} as address,

        -- booleans
        coalesce(_is_deleted, false) as is_deleted
    from source

)

select * from renamed
