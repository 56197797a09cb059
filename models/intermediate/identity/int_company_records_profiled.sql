-- One row per company's record, with everything in it that records are compared by.
{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='record_key',
    touched_by='int_records_regrouped'
) }}

with

company_records as (

    select *
    from {{ ref('int_company_records_unioned') }}
    where
        {{ var('identity_by_probability') }}
        and {{ touched('record_key', 'int_records_regrouped') }}

),

names as (

    select * from {{ ref('int_company_names_normalised') }}

),

translations as (

    select * from {{ ref('int_company_names_translated') }}

),

identifiers as (

    select *
    from {{ ref('int_company_identifiers_keyed') }}
    where {{ touched('record_key', 'int_records_regrouped') }}

),

addresses as (

    select * from {{ ref('int_addresses_normalised') }}

),

cities as (

    select * from {{ ref('int_cities_normalised') }}

),

grouped_records as (

    select * from {{ ref('int_records_grouped') }}

),

carried as (

    select
        record_key,
        min(identifier) filter (where identifier_type = 'tax_id' and is_key) as tax_id,
        min(weak_identifier) filter (where identifier_type = 'tax_id') as weak_tax_id,
        {{ sorted_values('identifier', "identifier_type = 'phone' and is_key") }} as phones,
        {{ sorted_values('weak_identifier', "identifier_type = 'phone'") }} as weak_phones,
        {{ sorted_values(
            "split_part(identifier, '@', 2)", "identifier_type = 'email' and is_key"
        ) }} as mail_domains
    from identifiers
    group by record_key

),

profiled as (

    select
        company_records.record_key,
        names.name_key,
        names.region,
        names.is_branch,
        carried.tax_id,
        carried.weak_tax_id,
        carried.phones,
        carried.weak_phones,
        carried.mail_domains,
        names.weak_name_key,
        cities.city_key,
        translations.brand_key,
        translations.trades,
        addresses.rest_key,
        addresses.number_key,
        grouped_records.group_key,
        coalesce(translations.place_key, cities.city_key) as place_key
    from company_records
    left outer join names on company_records.company_name = names.raw_name
    left outer join translations on company_records.company_name = translations.raw_name
    left outer join carried on company_records.record_key = carried.record_key
    left outer join addresses on company_records.address = addresses.raw_address
    left outer join cities
        on coalesce(company_records.city, addresses.city) = cities.raw_city
    inner join grouped_records on company_records.record_key = grouped_records.record_key

)

select * from profiled
