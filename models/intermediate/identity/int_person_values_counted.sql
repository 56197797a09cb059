-- One row per name, part of a name, employer and city, with how many groups bear it; and of all.
{{ config(materialized='incremental', full_refresh=false) }}

with

profiles as (

    select *
    from {{ ref('int_person_profiles_pooled') }}
    {% if is_incremental() %}
        -- counted once, so that weights stay as they are, until `identity recount`
        where (select count(*) from {{ this }}) = 0
    {% endif %}

),

borne as (

    select
        group_key,
        attribute,
        value
    from profiles
    unpivot (
        value for attribute in (
            written_key, name_key, surname_key, given_key, written_given, company_key, city_key
        )
    )

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
