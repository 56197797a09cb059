-- One row per profile of a person and key: whoever shares a key is compared.
{{ config(materialized='view') }}

with

profiles as (

    select *
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
        'phone' as block,
        unnest(phones) as value
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
        'e-mail' as block,
        unnest(weak_emails) as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        'unionid' as block,
        unnest(unionids) as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        'mailbox' as block,
        split_part(unnest(weak_emails), '@', 1) as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        'name' as block,
        name_key as value
    from named

    union all by name

    select
        record_key,
        group_key,
        'short name' as block,
        nickname_key as value
    from named

    union all by name

    select
        record_key,
        group_key,
        'name and city' as block,
        name_key || '|' || city_key as value
    from named

    union all by name

    select
        record_key,
        group_key,
        'name and employer' as block,
        name_key || '|' || company_key as value
    from named

    union all by name

    select
        record_key,
        group_key,
        'name and birth date' as block,
        name_key || '|' || birth_date as value
    from named

    union all by name

    select
        record_key,
        group_key,
        'surname and birth date' as block,
        surname_key || '|' || birth_date as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        'given name and birth date' as block,
        given_key || '|' || birth_date as value
    from profiles

    union all by name

    -- whichever of the two names stands first, and slips seldom begin a word
    select
        record_key,
        group_key,
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
        'birth date and initial' as block,
        birth_date || '|' || left(name_words, 1) as value
    from profiles
    where name_kind = 'part'

    union all by name

    select
        record_key,
        group_key,
        'surname and city' as block,
        surname_key || '|' || city_key as value
    from named

    union all by name

    select
        record_key,
        group_key,
        'surname and postcode' as block,
        surname_key || '|' || postcode as value
    from named

    union all by name

    select
        record_key,
        group_key,
        'given name and postcode' as block,
        given_key || '|' || postcode as value
    from named

    union all by name

    select
        record_key,
        group_key,
        'house and postcode' as block,
        number_key || '|' || postcode as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        'birth date and city' as block,
        birth_date || '|' || city_key as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        'surname and address' as block,
        surname_key || '|' || number_key as value
    from addressed

    union all by name

    select
        record_key,
        group_key,
        'given name and address' as block,
        given_key || '|' || number_key as value
    from addressed

    union all by name

    select
        record_key,
        group_key,
        'surname and employer' as block,
        surname_key || '|' || company_key as value
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
