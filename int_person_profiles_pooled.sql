-- One row per group of surely joined records, name and address: what the group knows together.


with

records as (

    select *
    from "warehouse"."intermediate"."int_person_records_profiled"
    where true

),

-- what all that say anything say alike is true of all
agreed as (

    select
        group_key,
        case when min(birth_date) = max(birth_date) then min(birth_date) end as birth_date,
        case when min(sex) = max(sex) then min(sex) end as sex,
        case when min(city_key) = max(city_key) then min(city_key) end as city_key,
        case when min(company_key) = max(company_key) then min(company_key) end as company_key,
        case
        when length(list(phones) filter (where phones is not null)) > 1 then list_sort(list_distinct(flatten(list(phones) filter (where phones is not null))))
        else list(phones) filter (where phones is not null)[1]
    end as phones,
        case
        when length(list(weak_phones) filter (where weak_phones is not null)) > 1 then list_sort(list_distinct(flatten(list(weak_phones) filter (where weak_phones is not null))))
        else list(weak_phones) filter (where weak_phones is not null)[1]
    end as weak_phones,
        case
        when length(list(emails) filter (where emails is not null)) > 1 then list_sort(list_distinct(flatten(list(emails) filter (where emails is not null))))
        else list(emails) filter (where emails is not null)[1]
    end as emails,
        case
        when length(list(weak_emails) filter (where weak_emails is not null)) > 1 then list_sort(list_distinct(flatten(list(weak_emails) filter (where weak_emails is not null))))
        else list(weak_emails) filter (where weak_emails is not null)[1]
    end as weak_emails,
        case
        when length(list(work_domains) filter (where work_domains is not null)) > 1 then list_sort(list_distinct(flatten(list(work_domains) filter (where work_domains is not null))))
        else list(work_domains) filter (where work_domains is not null)[1]
    end as work_domains,
        case
        when length(list(unionids) filter (where unionids is not null)) > 1 then list_sort(list_distinct(flatten(list(unionids) filter (where unionids is not null))))
        else list(unionids) filter (where unionids is not null)[1]
    end as unionids,
        case
        when length(list(national_ids) filter (where national_ids is not null)) > 1 then list_sort(list_distinct(flatten(list(national_ids) filter (where national_ids is not null))))
        else list(national_ids) filter (where national_ids is not null)[1]
    end as national_ids,
        case
        when length(list(documents) filter (where documents is not null)) > 1 then list_sort(list_distinct(flatten(list(documents) filter (where documents is not null))))
        else list(documents) filter (where documents is not null)[1]
    end as documents
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