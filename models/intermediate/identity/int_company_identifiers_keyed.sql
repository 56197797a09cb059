-- One row per identifier that a company's record carries; one that can't be used says why.
-- depends_on: {{ ref('int_identifiers_released') }}
{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='record_key',
    touched_by='int_records_changed'
) }}

with

company_records as (

    select * from {{ ref('int_company_records_renewed') }}

),

phones as (

    select * from {{ ref('int_phones_normalised') }}

),

emails as (

    select * from {{ ref('int_emails_normalised') }}

),

names as (

    select * from {{ ref('int_company_names_normalised') }}

),

addresses as (

    select * from {{ ref('int_addresses_normalised') }}

),

cities as (

    select * from {{ ref('int_cities_normalised') }}

),

placeholders as (

    select * from {{ ref('placeholders') }}

),

carried_tax_ids as (

    select
        record_key,
        'tax_id' as identifier_type,
        tax_id as raw_value,
        {{ code_text('tax_id') }} as identifier
    from company_records
    where tax_id is not null

),

mended_tax_ids as (

    select
        record_key,
        identifier_type,
        raw_value,
        {{ mended_credit_code('identifier') }} as identifier
    from carried_tax_ids

),

cored_tax_ids as (

    select
        record_key,
        identifier_type,
        raw_value,
        identifier,
        {{ tax_id_core('identifier') }} as core
    from mended_tax_ids

),

-- 000000000 and 123456789 are nobody's
judged_tax_ids as (

    select
        record_key,
        identifier_type,
        raw_value,
        identifier,
        case when length(core) >= 7 and not {{ is_made_up('core') }} then core end
            as weak_identifier,
        case
            when {{ is_made_up('core') }} then 'placeholder'
            when not {{ is_tax_id('identifier') }} then 'no such tax id'
        end as reason
    from cored_tax_ids

),

carried_names as (

    select
        company_records.record_key,
        'name' as identifier_type,
        company_records.company_name as raw_value,
        names.name_key as identifier,
        -- 华创科技 of Shanghai isn't the one of Shenzhen: brands are registered city by city
        coalesce(names.region, case when {{ has_han('names.name_key') }} then cities.region end)
            as region,
        names.weak_name_key as weak_identifier,
        case when length(names.name_key) < 2 then 'too short' end as reason
    from company_records
    inner join names on company_records.company_name = names.raw_name
    left outer join addresses on company_records.address = addresses.raw_address
    left outer join cities
        on coalesce(company_records.city, addresses.city) = cities.raw_city

),

carried_phones as (

    select
        company_records.record_key,
        'phone' as identifier_type,
        company_records.phone as raw_value,
        {{ placed_phone('phones', [
            'company_records.company_name', 'company_records.city', 'company_records.address'
        ]) }} as identifier,
        phones.weak_phone as weak_identifier,
        phones.reason
    from company_records
    inner join phones on company_records.phone = phones.raw_phone

),

carried_emails as (

    select
        company_records.record_key,
        'email' as identifier_type,
        company_records.email as raw_value,
        emails.email as identifier,
        emails.weak_email as weak_identifier,
        emails.reason
    from company_records
    inner join emails on company_records.email = emails.raw_email

),

carried as (

    select * from judged_tax_ids
    union all by name
    select * from carried_names
    union all by name
    select * from carried_phones
    union all by name
    select * from carried_emails

),

keyed as (

    select
        carried.record_key,
        carried.identifier_type,
        carried.raw_value,
        carried.identifier,
        carried.region,
        case when placeholders.value is null then carried.weak_identifier end as weak_identifier,
        case
            when placeholders.value is not null then 'placeholder'
            else carried.reason
        end as reason,
        carried.reason is null and placeholders.value is null as is_key
    from carried
    left outer join placeholders
        on
            carried.identifier_type = placeholders.attribute
            and carried.identifier = placeholders.value

)

select * from keyed
