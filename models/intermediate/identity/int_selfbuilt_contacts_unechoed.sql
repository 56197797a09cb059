-- One row per CRM contact in which people typed something, with only what they typed.
with

typed_values as (

    select *
    from {{ ref('int_selfbuilt_values_unechoed') }}
    where object = 'contacts'

),

contacts as (

    select * from {{ ref('stg_selfbuilt__contacts') }}

),

pivoted as (

    select
        id,
        max(value) filter (where field = 'name') as name,
        max(value) filter (where field = 'mobile') as mobile,
        max(value) filter (where field = 'email') as email,
        max(value) filter (where field = 'wechat_unionid') as wechat_unionid,
        max(value) filter (where field = 'title') as title,
        max(value) filter (where field = 'company') as company,
        min(typed_at) as first_typed_at,
        max(typed_at) as last_typed_at
    from typed_values
    group by id

),

named as (

    select
        pivoted.id,
        pivoted.name,
        pivoted.mobile,
        pivoted.email,
        pivoted.wechat_unionid,
        pivoted.title,
        pivoted.company,
        pivoted.first_typed_at,
        pivoted.last_typed_at,
        -- a phone typed beside a name of ours isn't that of somebody called otherwise
        coalesce(pivoted.name, contacts.name) as known_as
    from pivoted
    inner join contacts on pivoted.id = contacts.id

)

select * from named
