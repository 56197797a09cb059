-- One row per group of surely joined records, name and address: what the group knows together.
{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='group_key',
    touched_by='int_records_regrouped',
    touched_key='left_group_key'
) }}

with

records as (

    select *
    from {{ ref('int_person_records_profiled') }}
    where {{ touched('record_key', 'int_records_regrouped') }}

),

-- what all that say anything say alike is true of all
agreed as (

    select
        group_key,
        case when min(birth_date) = max(birth_date) then min(birth_date) end as birth_date,
        case when min(sex) = max(sex) then min(sex) end as sex,
        case when min(city_key) = max(city_key) then min(city_key) end as city_key,
        case when min(company_key) = max(company_key) then min(company_key) end as company_key,
        {{ pooled_values('phones') }} as phones,
        {{ pooled_values('weak_phones') }} as weak_phones,
        {{ pooled_values('emails') }} as emails,
        {{ pooled_values('weak_emails') }} as weak_emails,
        {{ pooled_values('work_domains') }} as work_domains,
        {{ pooled_values('unionids') }} as unionids,
        {{ pooled_values('national_ids') }} as national_ids,
        {{ pooled_values('documents') }} as documents
    from records
    group by group_key

),

profiles as (

    select
        group_key,
        name_kind,
        name_key,
        written_key,
        surname_key,
        given_key,
        written_given,
        nickname_keys,
        name_words,
        generation,
        given_sex,
        rest_key,
        number_key,
        min(record_key) as record_key,
        bool_or(is_han) as is_han,
        bool_and(is_name_ours) as is_name_ours,
        min(birth_date) as birth_date,
        min(sex) as sex,
        min(province) as province,
        min(postcode) as postcode,
        min(city_key) as city_key,
        min(company_key) as company_key
    from records
    group by
        group_key,
        name_kind,
        name_key,
        written_key,
        surname_key,
        given_key,
        written_given,
        nickname_keys,
        name_words,
        generation,
        given_sex,
        rest_key,
        number_key

),

pooled as (

    select
        profiles.group_key,
        profiles.name_kind,
        profiles.name_key,
        profiles.written_key,
        profiles.surname_key,
        profiles.given_key,
        profiles.written_given,
        profiles.nickname_keys,
        profiles.name_words,
        profiles.generation,
        profiles.given_sex,
        profiles.rest_key,
        profiles.number_key,
        agreed.phones,
        agreed.weak_phones,
        agreed.emails,
        agreed.weak_emails,
        agreed.work_domains,
        agreed.unionids,
        agreed.national_ids,
        agreed.documents,
        profiles.record_key,
        profiles.is_han,
        profiles.is_name_ours,
        profiles.province,
        profiles.postcode,
        coalesce(agreed.birth_date, profiles.birth_date) as birth_date,
        coalesce(agreed.sex, profiles.sex) as sex,
        coalesce(agreed.city_key, profiles.city_key) as city_key,
        coalesce(agreed.company_key, profiles.company_key) as company_key
    from profiles
    inner join agreed on profiles.group_key = agreed.group_key

)

select * from pooled
