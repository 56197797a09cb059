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

full_names as (

    select distinct
        written_key,
        surname_key,
        written_given
    from profiles
    where name_kind = 'full' and not is_name_ours

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

),

-- who meets a namesake where chance makes hardly any has met themselves
rarely_named as (

    select written.bearer_count
    from full_names
    inner join counted as written
        on written.attribute = 'written_key' and full_names.written_key = written.value
    inner join counted as surnames
        on surnames.attribute = 'surname_key' and full_names.surname_key = surnames.value
    inner join counted as given_names
        on given_names.attribute = 'written_given' and full_names.written_given = given_names.value
    inner join counted as population on population.attribute = 'population'
    where {{ chance_namesakes() }} <= 0.3

),

unioned as (

    select * from counted

    union all by name

    select
        'rare name' as attribute,
        'bearers' as value,
        cast(sum(bearer_count) as bigint) as bearer_count
    from rarely_named
    having count(*) > 0

    union all by name

    select
        'rare name' as attribute,
        'namesakes' as value,
        cast(sum(bearer_count * (bearer_count - 1)) as bigint) as bearer_count
    from rarely_named
    having count(*) > 0

)

select * from unioned
