-- One row per profile of a person and key: whoever shares a key is compared.
{{ config(materialized='view') }}

with

profiles as (

    select
        *,
        -- whichever stands first; of a lone word nobody knows which name it is
        case
            when is_name_ours then null
            when name_kind = 'part' then [coalesce(surname_key, name_words)]
            else [surname_key, given_key]
        end as name_parts,
        -- in letters a street tells by its first long word, whose beginning seldom has a slip
        nullif(regexp_extract(rest_key, '\b[a-z]{4}'), '') as street,
        -- in Han characters building, unit and room, before which the street's number is left out
        regexp_extract(number_key, '(?:[0-9]+-){0,2}[0-9]+$') as door
    from {{ ref('int_person_profiles_pooled') }}
    where {{ touched('record_key', 'int_records_regrouped') }}

),

named as (

    select *
    from profiles
    where name_kind = 'full' and not is_name_ours

),

addressed as (

    select *
    from profiles
    where length(number_key) > 2

),

keys as (

    select
        record_key,
        group_key,
        name_kind,
        'phone' as block,
        unnest(phones) as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'last digits of a phone' as block,
        unnest(weak_phones) as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'e-mail' as block,
        unnest(weak_emails) as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'unionid' as block,
        unnest(unionids) as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'resident ID' as block,
        unnest(national_ids) as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'document' as block,
        unnest(documents) as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'mailbox' as block,
        split_part(unnest(weak_emails), '@', 1) as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'name' as block,
        name_key as value
    from named

    union all by name

    -- liwenbo may be all of 李文博's name
    select
        record_key,
        group_key,
        name_kind,
        'name' as block,
        name_key as value
    from profiles
    where
        name_kind = 'part'
        and length(name_words) > 6
        and not is_name_ours
        and {{ is_pinyin('name_words') }}

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'short name' as block,
        unnest(nickname_keys) as value
    from named

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'name and city' as block,
        name_key || '|' || city_key as value
    from named

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'name and employer' as block,
        name_key
        || '|' || left(company_key, case when {{ has_han('company_key') }} then 2 else 4 end)
            as value
    from named

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'name and birth date' as block,
        name_key || '|' || birth_date as value
    from named

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'a name and birth date' as block,
        unnest(name_parts) || '|' || birth_date as value
    from profiles

    union all by name

    -- whichever of the two names stands first, and slips seldom begin a word
    select
        record_key,
        group_key,
        name_kind,
        'birth date and initials' as block,
        birth_date
        || '|' || least(left(surname_key, 1), left(given_key, 1))
        || greatest(left(surname_key, 1), left(given_key, 1)) as value
    from profiles

    union all by name

    -- of a lone word nobody knows which name it is
    select
        record_key,
        group_key,
        name_kind,
        'birth date and initial' as block,
        birth_date || '|' || left(name_words, 1) as value
    from profiles
    where name_kind = 'part'

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'surname and city' as block,
        surname_key || '|' || city_key as value
    from named

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'a name and postcode' as block,
        unnest(name_parts) || '|' || postcode as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'a name and street' as block,
        unnest(name_parts) || '|' || street as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'house and street' as block,
        split_part(number_key, '-', 1) || '|' || street as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'street and postcode' as block,
        street || '|' || postcode as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'house and postcode' as block,
        number_key || '|' || postcode as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'birth date and city' as block,
        birth_date || '|' || city_key as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'surname and address' as block,
        surname_key || '|' || door as value
    from addressed

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'given name and address' as block,
        given_key || '|' || door as value
    from addressed

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'surname and employer' as block,
        surname_key || '|' || company_key as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        name_kind,
        'given name and employer' as block,
        given_key || '|' || company_key as value
    from named

),

keyed as (

    select
        record_key,
        group_key,
        name_kind,
        block,
        value
    from keys
    where value is not null

)

select * from keyed
