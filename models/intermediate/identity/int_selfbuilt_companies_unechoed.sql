-- One row per CRM company in which people typed something, with only what they typed.
with

typed_values as (

    select *
    from {{ ref('int_selfbuilt_values_unechoed') }}
    where object = 'companies'

),

pivoted as (

    select
        id,
        max(value) filter (where field = 'name') as name,
        max(value) filter (where field = 'tax_id') as tax_id,
        max(value) filter (where field = 'phone') as phone,
        max(value) filter (where field = 'email') as email,
        max(value) filter (where field = 'city') as city,
        max(value) filter (where field = 'address') as address,
        min(typed_at) as first_typed_at,
        max(typed_at) as last_typed_at
    from typed_values
    group by id

)

select * from pivoted
