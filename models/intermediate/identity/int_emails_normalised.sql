-- One row per e-mail address in each spelling of one: a cell may hold several.
{{ config(materialized='incremental', unique_key='raw_email') }}

with

person_records as (

    select * from {{ ref('int_person_records_renewed') }}

),

company_records as (

    select * from {{ ref('int_company_records_renewed') }}

),

placeholders as (

    select * from {{ ref('placeholders') }}

),

role_mailboxes as (

    select * from {{ ref('role_mailboxes') }}

),

email_domain_typos as (

    select * from {{ ref('email_domain_typos') }}

),

raw_emails as (

    select email as raw_email from person_records
    where email is not null
    union by name
    select email as raw_email from company_records
    where email is not null

),

-- a comma parts two addresses only where there are two
single_emails as (

    select
        raw_email,
        raw_email as typed_email
    from raw_emails
    where not {{ regexp_matches('raw_email', '[@＠].*[@＠]') }}

    union all by name

    select
        raw_email,
        {{ exploded(
            "string_split(" ~ regexp_replaced('raw_email', '[;；,，、|/\\s]+', ';') ~ ", ';')"
        ) }} as typed_email
    from raw_emails
    where {{ regexp_matches('raw_email', '[@＠].*[@＠]') }}

),

addressed as (

    select
        raw_email,
        {{ email_address('typed_email') }} as email,
        {{ regexp_matches('raw_email', '[@＠].*[@＠]') }} as is_one_of_several
    from single_emails

),

shaped as (

    select distinct
        raw_email,
        email,
        {{ is_email_address('email') }} as is_valid,
        split_part(email, '@', 2) as email_domain,
        {{ regexp_replaced("split_part(email, '@', 1)", '[+].*$') }} as local_part
    from addressed
    -- the names beside the addresses
    where not is_one_of_several or contains(email, '@')

),

judged as (

    select
        shaped.raw_email,
        shaped.email,
        shaped.local_part,
        coalesce(email_domain_typos.domain, shaped.email_domain) as mended_domain,
        -- sales2 is a role too; info1985 may be a person
        shaped.is_valid
        and {{ regexp_replaced('shaped.local_part', '[._-]?[0-9]{1,2}$') }} in (
            select role_mailboxes.local_part from role_mailboxes
        ) as is_role,
        shaped.email_domain in (
            select placeholders.value from placeholders
            where placeholders.attribute = 'email_domain'
        ) as is_nowhere,
        shaped.local_part in (
            select placeholders.value from placeholders
            where placeholders.attribute = 'email_local_part'
        ) as is_nobody,
        shaped.is_valid
    from shaped
    left outer join email_domain_typos on shaped.email_domain = email_domain_typos.typo

),

normalised as (

    select
        raw_email,
        email,
        is_role,
        case
            when not is_valid then 'not an e-mail address'
            when is_nowhere or is_nobody then 'placeholder'
        end as reason,
        case
            when not is_valid or is_role or is_nobody then null
            -- nothing arrives there, yet two zhouyuan@example.com are one; not so two a@a.com
            when is_nowhere and length(local_part) < 5 then null
            when mended_domain = 'gmail.com' then replace(local_part, '.', '') || '@gmail.com'
            else local_part || '@' || mended_domain
        end as weak_email
    from judged

)

select * from normalised
