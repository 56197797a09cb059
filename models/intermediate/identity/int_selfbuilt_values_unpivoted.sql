-- One row per version of a CRM record and field that it fills, or has emptied.
with

contact_versions as (

    select
        'contacts' as object,
        id,
        updated,
        load_id,
        is_deleted,
        name,
        mobile,
        email,
        wechat_unionid,
        title,
        company,
        external_id is null as is_before_us,
        row_number() over (partition by id order by updated desc nulls first, load_id desc) = 1
            as is_newest
    from {{ ref('stg_selfbuilt__contact_versions') }}

),

company_versions as (

    select
        'companies' as object,
        id,
        updated,
        load_id,
        is_deleted,
        name,
        tax_id,
        phone,
        email,
        city,
        address,
        external_id is null as is_before_us,
        row_number() over (partition by id order by updated desc nulls first, load_id desc) = 1
            as is_newest
    from {{ ref('stg_selfbuilt__company_versions') }}

),

contact_values as (

    select *
    from contact_versions
    unpivot include nulls (value for field in (name, mobile, email, wechat_unionid, title, company))

),

company_values as (

    select *
    from company_versions
    unpivot include nulls (value for field in (name, tax_id, phone, email, city, address))

),

unioned as (

    select * from contact_values
    union all by name
    select * from company_values

),

compared as (

    select
        *,
        lag(value)
            over (partition by object, id, field order by updated asc nulls last, load_id asc)
            as previous_value
    from unioned

),

dated as (

    select
        object,
        id,
        is_before_us,
        is_newest,
        is_deleted,
        field,
        value,
        -- what was typed over and is typed again counts from then on
        max(case when value is distinct from previous_value then updated end)
            over (
                partition by object, id, field
                order by updated asc nulls last, load_id asc
                rows between unbounded preceding and current row
            )
            as stood_since
    from compared
    -- of what is empty only that it was emptied
    where value is not null or previous_value is not null

)

select * from dated
