-- One row per person's record, with everything in it that records are compared by.


with

person_records as (

    select *
    from "warehouse"."intermediate"."int_person_records_unioned"
    where
        True
        and true

),

names as (

    select * from "warehouse"."intermediate"."int_person_names_normalised"

),

identifiers as (

    select *
    from "warehouse"."intermediate"."int_person_identifiers_keyed"
    where true

),

shared_identifiers as (

    select * from "warehouse"."intermediate"."int_person_identifiers_shared"

),

facts as (

    select * from "warehouse"."intermediate"."int_person_facts_derived"

),

company_names as (

    select * from "warehouse"."intermediate"."int_company_names_normalised"

),

company_records as (

    select * from "warehouse"."intermediate"."int_company_records_unioned"

),

mail_houses as (

    select distinct domain
    from "warehouse"."seeds"."email_domain_typos"

),

grouped_records as (

    select * from "warehouse"."intermediate"."int_records_grouped"

),

telling_identifiers as (

    select
        identifiers.record_key,
        identifiers.identifier_type,
        identifiers.weak_identifier,
        case when identifiers.is_key then identifiers.identifier end as identifier
    from identifiers
    left outer join shared_identifiers
        on
            identifiers.identifier_type = shared_identifiers.identifier_type
            and identifiers.identifier = shared_identifiers.identifier
    where shared_identifiers.identifier is null

),

carried as (

    select
        record_key,
        case
        when length(list(identifier) filter (where identifier_type = 'phone' and identifier is not null)) > 1 then list_sort(list_distinct(list(identifier) filter (where identifier_type = 'phone' and identifier is not null)))
        else list(identifier) filter (where identifier_type = 'phone' and identifier is not null)
    end as phones,
        case
        when length(list(weak_identifier) filter (where identifier_type = 'phone' and weak_identifier is not null)) > 1 then list_sort(list_distinct(list(weak_identifier) filter (where identifier_type = 'phone' and weak_identifier is not null)))
        else list(weak_identifier) filter (where identifier_type = 'phone' and weak_identifier is not null)
    end as weak_phones,
        case
        when length(list(identifier) filter (where identifier_type = 'email' and identifier is not null)) > 1 then list_sort(list_distinct(list(identifier) filter (where identifier_type = 'email' and identifier is not null)))
        else list(identifier) filter (where identifier_type = 'email' and identifier is not null)
    end as emails,
        case
        when length(list(weak_identifier) filter (where identifier_type = 'email' and weak_identifier is not null)) > 1 then list_sort(list_distinct(list(weak_identifier) filter (where identifier_type = 'email' and weak_identifier is not null)))
        else list(weak_identifier) filter (where identifier_type = 'email' and weak_identifier is not null)
    end as weak_emails,
        case
        when length(list(split_part(weak_identifier, '@', 2)) filter (where identifier_type = 'email' and split_part(weak_identifier, '@', 2) not in (select mail_houses.domain from mail_houses) and split_part(weak_identifier, '@', 2) is not null)) > 1 then list_sort(list_distinct(list(split_part(weak_identifier, '@', 2)) filter (where identifier_type = 'email' and split_part(weak_identifier, '@', 2) not in (select mail_houses.domain from mail_houses) and split_part(weak_identifier, '@', 2) is not null)))
        else list(split_part(weak_identifier, '@', 2)) filter (where identifier_type = 'email' and split_part(weak_identifier, '@', 2) not in (select mail_houses.domain from mail_houses) and split_part(weak_identifier, '@', 2) is not null)
    end as work_domains,
        case
        when length(list(identifier) filter (where identifier_type = 'wechat_unionid' and identifier is not null)) > 1 then list_sort(list_distinct(list(identifier) filter (where identifier_type = 'wechat_unionid' and identifier is not null)))
        else list(identifier) filter (where identifier_type = 'wechat_unionid' and identifier is not null)
    end as unionids,
        case
        when length(list(identifier) filter (where identifier_type = 'national_id' and identifier is not null)) > 1 then list_sort(list_distinct(list(identifier) filter (where identifier_type = 'national_id' and identifier is not null)))
        else list(identifier) filter (where identifier_type = 'national_id' and identifier is not null)
    end as national_ids,
        case
        when length(list(identifier) filter (where identifier_type in ('passport', 'permit', 'foreign_id') and identifier is not null)) > 1 then list_sort(list_distinct(list(identifier) filter (where identifier_type in ('passport', 'permit', 'foreign_id') and identifier is not null)))
        else list(identifier) filter (where identifier_type in ('passport', 'permit', 'foreign_id') and identifier is not null)
    end as documents
    from telling_identifiers
    group by record_key

),

employers as (

    select
        person_records.record_key,
        company_names.name_key as company_key
    from person_records
    left outer join company_records
        on person_records.company_record_key = company_records.record_key
    inner join company_names
        on
            coalesce(person_records.company_name, company_records.company_name)
            = company_names.raw_name

),

profiled as (

    select
        person_records.record_key,
        names.name_kind,
        names.name_key,
        names.written_key,
        names.surname_key,
        names.given_key,
        case
            when regexp_matches(names.written_key, '[㐀-鿿]') then substr(names.written_key, case when length(names.written_key) > 3 then 3 else 2 end)
            else names.given_key
        end as written_given,
        names.nickname_keys,
        names.name_words,
        names.generation,
        names.given_sex,
        carried.phones,
        carried.weak_phones,
        carried.emails,
        carried.weak_emails,
        carried.work_domains,
        carried.unionids,
        carried.national_ids,
        carried.documents,
        facts.birth_date,
        facts.sex,
        facts.province,
        facts.city_key,
        facts.postcode,
        facts.rest_key,
        facts.number_key,
        employers.company_key,
        regexp_matches(names.written_key, '[㐀-鿿]') as is_han,
        grouped_records.group_key,
        person_records.full_name is null and person_records.known_as is not null as is_name_ours
    from person_records
    left outer join names on person_records.known_as = names.raw_name
    inner join facts on person_records.record_key = facts.record_key
    left outer join carried on person_records.record_key = carried.record_key
    left outer join employers on person_records.record_key = employers.record_key
    inner join grouped_records on person_records.record_key = grouped_records.record_key

)

select * from profiled