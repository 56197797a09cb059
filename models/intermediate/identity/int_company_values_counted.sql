-- One row per name, domain and city of companies, with how many groups bear it; and of all.
with

profiles as (

    select
        group_key,
        name_key,
        city_key,
        unnest(mail_domains) as mail_domain
    from {{ ref('int_company_profiles_pooled') }}

),

borne as (

    select
        group_key,
        attribute,
        value
    from profiles
    unpivot (value for attribute in (name_key, city_key, mail_domain))

),

counted as (

    select
        attribute,
        value,
        count(distinct group_key) as bearer_count
    from borne
    group by attribute, value

    union all by name

    select
        'population' as attribute,
        'all' as value,
        count(distinct group_key) as bearer_count
    from {{ ref('int_company_profiles_pooled') }}

)

select * from counted
