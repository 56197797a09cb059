-- One row per group of surely joined records, name and address: what the group knows together.
with

records as (

    select * from {{ ref('int_person_records_profiled') }}

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
        {{ pooled_values('unionids') }} as unionids,
        {{ pooled_values('national_ids') }} as national_ids,
        {{ pooled_values('documents') }} as documents
    from records
    group by group_key

),

pooled as (

    select
        records.group_key,
        records.name_kind,
        records.name_key,
        records.written_key,
        records.surname_key,
        records.given_key,
        records.written_given,
        records.nickname_key,
        records.name_words,
        records.generation,
        records.given_sex,
        records.rest_key,
        records.number_key,
        agreed.phones,
        agreed.weak_phones,
        agreed.emails,
        agreed.weak_emails,
        agreed.unionids,
        agreed.national_ids,
        agreed.documents,
        min(records.record_key) as record_key,
        bool_or(records.is_han) as is_han,
        bool_and(records.is_name_ours) as is_name_ours,
        coalesce(agreed.birth_date, min(records.birth_date)) as birth_date,
        coalesce(agreed.sex, min(records.sex)) as sex,
        min(records.province) as province,
        min(records.postcode) as postcode,
        coalesce(agreed.city_key, min(records.city_key)) as city_key,
        coalesce(agreed.company_key, min(records.company_key)) as company_key
    from records
    inner join agreed on records.group_key = agreed.group_key
    group by
        records.group_key,
        records.name_kind,
        records.name_key,
        records.written_key,
        records.surname_key,
        records.given_key,
        records.written_given,
        records.nickname_key,
        records.name_words,
        records.generation,
        records.given_sex,
        records.rest_key,
        records.number_key,
        agreed.phones,
        agreed.weak_phones,
        agreed.emails,
        agreed.weak_emails,
        agreed.unionids,
        agreed.national_ids,
        agreed.documents,
        agreed.birth_date,
        agreed.sex,
        agreed.city_key,
        agreed.company_key

)

select * from pooled
