-- One row per identifier that a person's record carries; one that can't be used says why.
{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='record_key',
    touched_by='int_records_changed'
) }}

with

person_records as (

    select * from {{ ref('int_person_records_renewed') }}

),

phones as (

    select * from {{ ref('int_phones_normalised') }}

),

emails as (

    select * from {{ ref('int_emails_normalised') }}

),

placeholders as (

    select * from {{ ref('placeholders') }}

),

carried_phones as (

    select
        person_records.record_key,
        'phone' as identifier_type,
        person_records.phone as raw_value,
        {{ placed_phone('phones', [
            'person_records.full_name', 'person_records.company_name', 'person_records.city',
            'person_records.address'
        ]) }} as identifier,
        phones.phone_kind as identifier_kind,
        phones.weak_phone as weak_identifier,
        phones.reason
    from person_records
    inner join phones on person_records.phone = phones.raw_phone

),

carried_emails as (

    select
        person_records.record_key,
        'email' as identifier_type,
        person_records.email as raw_value,
        emails.email as identifier,
        emails.weak_email as weak_identifier,
        case when emails.is_role then 'mailbox of a role' else emails.reason end as reason
    from person_records
    inner join emails on person_records.email = emails.raw_email

),

carried_unionids as (

    select
        record_key,
        'wechat_unionid' as identifier_type,
        wechat_unionid as raw_value,
        wechat_unionid as identifier,
        case
            -- WeChat's have 28 characters; what a test account or a shop calls so may be u1024
            when not {{ regexp_matches(
                'wechat_unionid', '^([A-Za-z0-9_-]{16,64}|[A-Za-z][A-Za-z_-]*[0-9][A-Za-z0-9_-]*)$'
            ) }}
                then 'not a WeChat unionid'
        end as reason
    from person_records
    where wechat_unionid is not null

),

coded_documents as (

    select
        record_key,
        national_id as raw_value,
        {{ code_text('national_id') }} as code
    from person_records
    where national_id is not null

),

documents as (

    select
        record_key,
        raw_value,
        {{ resident_id('code') }} as identifier
    from coded_documents

),

carried_documents as (

    select
        record_key,
        raw_value,
        identifier,
        {{ document_type('identifier') }} as identifier_type
    from documents

),

judged_documents as (

    select
        record_key,
        identifier_type,
        raw_value,
        identifier,
        case
            when identifier_type = 'national_id' and not {{ is_resident_id('identifier') }}
                then 'not a resident ID'
        end as reason
    from carried_documents

),

carried as (

    select * from carried_phones
    union all by name
    select * from carried_emails
    union all by name
    select * from carried_unionids
    union all by name
    select * from judged_documents

),

keyed as (

    select
        carried.record_key,
        carried.identifier_type,
        carried.raw_value,
        carried.identifier,
        carried.identifier_kind,
        case when placeholders.value is null then carried.weak_identifier end as weak_identifier,
        case
            when placeholders.value is not null then 'placeholder'
            else carried.reason
        end as reason,
        carried.reason is null and placeholders.value is null as is_key
    from carried
    left outer join placeholders
        on
            -- a document's number is typed into one field, whatever document it is
            case
                when carried.identifier_type in ('passport', 'permit', 'foreign_id')
                    then 'national_id'
                else carried.identifier_type
            end = placeholders.attribute
            and carried.identifier = placeholders.value

)

select * from keyed
