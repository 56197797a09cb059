-- One row per profile of a company and key: whoever shares a key is compared.
{{ config(materialized='view') }}

with

profiles as (

    select *
    from {{ ref('int_company_profiles_pooled') }}
    where {{ touched('record_key', 'int_records_regrouped') }}

),

keys as (

    select
        record_key,
        group_key,
        'tax id' as block,
        weak_tax_id as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        'last digits of a phone' as block,
        unnest(weak_phones) as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        'domain' as block,
        unnest(mail_domains) as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        'name' as block,
        name_key as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        'weak name' as block,
        weak_name_key as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        'beginning of the name' as block,
        left(name_key, case when {{ has_han('name_key') }} then 3 else 6 end) as value
    from profiles

    union all by name

    -- a slip in the beginning of a long name leaves what follows
    select
        record_key,
        group_key,
        'middle of the name' as block,
        substr(name_key, 7, 8) as value
    from profiles
    where length(name_key) >= 14 and not {{ has_han('name_key') }}

    union all by name

    -- a letter too many or too few moves the middle
    select
        record_key,
        group_key,
        'both ends of the name' as block,
        left(name_key, 1) || '|' || right(name_key, 8) as value
    from profiles
    where length(name_key) >= 12 and not {{ has_han('name_key') }}

    union all by name

    -- 华创信息科技 and Huachuang Information Technology
    select
        record_key,
        group_key,
        'brand and trade' as block,
        brand_key || '|' || unnest(trades) as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        'address' as block,
        rest_key || '|' || city_key as value
    from profiles

),

keyed as (

    select
        record_key,
        group_key,
        block,
        value
    from keys
    where value is not null

)

select * from keyed
