-- One row per name, domain and city of companies, with how many groups bear it; and of all.
{{ config(materialized='incremental', full_refresh=false) }}

with

profiles as (

    select *
    from {{ ref('int_company_profiles_pooled') }}
    {% if is_incremental() %}
        -- counted once, so that weights stay as they are, until `identity recount`
        where (select count(*) from {{ this }}) = 0
    {% endif %}

),

domains as (

    select
        group_key,
        name_key,
        city_key,
        unnest(mail_domains) as mail_domain
    from profiles

),

borne as (

    select
        group_key,
        attribute,
        value
    from domains
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
    from profiles
    having count(*) > 0

)

select * from counted
