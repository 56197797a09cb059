-- One row per person's record, with everything in it that records are compared by.
{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='record_key',
    touched_by='int_records_regrouped'
) }}

with

person_records as (

    select *
    from {{ ref('int_person_records_unioned') }}
    where
        {{ var('identity_by_probability') }}
        and {{ touched('record_key', 'int_records_regrouped') }}

),

names as (

    select * from {{ ref('int_person_names_normalised') }}

),

identifiers as (

    select *
    from {{ ref('int_person_identifiers_keyed') }}
    where {{ touched('record_key', 'int_records_regrouped') }}

),

shared_identifiers as (

    select * from {{ ref('int_person_identifiers_shared') }}

),

facts as (

    select * from {{ ref('int_person_facts_derived') }}

),

company_names as (

    select * from {{ ref('int_company_names_normalised') }}

),

company_records as (

    select * from {{ ref('int_company_records_unioned') }}

),

mail_houses as (

    select distinct domain
    from {{ ref('email_domain_typos') }}

),

grouped_records as (

    select * from {{ ref('int_records_grouped') }}

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
        {{ sorted_values('identifier', "identifier_type = 'phone'") }} as phones,
        {{ sorted_values('weak_identifier', "identifier_type = 'phone'") }} as weak_phones,
        {{ sorted_values('identifier', "identifier_type = 'email'") }} as emails,
        {{ sorted_values('weak_identifier', "identifier_type = 'email'") }} as weak_emails,
        {{ sorted_values(
            "split_part(weak_identifier, '@', 2)",
            "identifier_type = 'email' and split_part(weak_identifier, '@', 2) not in ("
            ~ "select mail_houses.domain from mail_houses)"
        ) }} as work_domains,
        {{ sorted_values('identifier', "identifier_type = 'wechat_unionid'") }} as unionids,
        {{ sorted_values('identifier', "identifier_type = 'national_id'") }} as national_ids,
        {{ sorted_values(
            'identifier', "identifier_type in ('passport', 'permit', 'foreign_id')"
        ) }} as documents
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
            when {{ has_han('names.written_key') }} then {{ han_given_name('names.written_key') }}
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
        {{ has_han('names.written_key') }} as is_han,
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
