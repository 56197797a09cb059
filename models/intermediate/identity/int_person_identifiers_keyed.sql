-- One row per identifier that a person's record carries; one that can't be used says why.
with

person_records as (

    select * from {{ ref('int_person_records_unioned') }}

),

phones as (

    select * from {{ ref('int_phones_normalised') }}

),

placeholders as (

    select * from {{ ref('placeholders') }}

),

role_mailboxes as (

    select * from {{ ref('role_mailboxes') }}

),

carried_phones as (

    select
        person_records.record_key,
        'phone' as identifier_type,
        person_records.phone as raw_value,
        phones.phone as identifier,
        phones.phone_kind as identifier_kind,
        phones.reason
    from person_records
    inner join phones on person_records.phone = phones.raw_phone

),

carried_emails as (

    select
        record_key,
        'email' as identifier_type,
        email as raw_value,
        {{ email_address('email') }} as identifier
    from person_records
    where email is not null

),

judged_emails as (

    select
        record_key,
        identifier_type,
        raw_value,
        identifier,
        case
            when not {{ is_email_address('identifier') }} then 'not an e-mail address'
            when
                split_part(identifier, '@', 1) in (
                    select role_mailboxes.local_part from role_mailboxes
                )
                then 'mailbox of a role'
        end as reason
    from carried_emails

),

carried_unionids as (

    select
        record_key,
        'wechat_unionid' as identifier_type,
        wechat_unionid as raw_value,
        wechat_unionid as identifier,
        case
            when not {{ regexp_matches('wechat_unionid', '^[A-Za-z0-9_-]{16,64}$') }}
                then 'not a WeChat unionid'
        end as reason
    from person_records
    where wechat_unionid is not null

),

carried_national_ids as (

    select
        record_key,
        'national_id' as identifier_type,
        national_id as raw_value,
        {{ code_text('national_id') }} as identifier
    from person_records
    where national_id is not null

),

judged_national_ids as (

    select
        record_key,
        identifier_type,
        raw_value,
        identifier,
        case when not {{ is_resident_id('identifier') }} then 'not a resident ID' end as reason
    from carried_national_ids

),

carried as (

    select * from carried_phones
    union all by name
    select * from judged_emails
    union all by name
    select * from carried_unionids
    union all by name
    select * from judged_national_ids

),

keyed as (

    select
        carried.record_key,
        carried.identifier_type,
        carried.raw_value,
        carried.identifier,
        carried.identifier_kind,
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
