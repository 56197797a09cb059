-- One row per record of a person that is new or otherwise since the last build.
-- depends_on: {{ ref('int_records_digested') }}
with

person_records as (

    select * from {{ ref('int_person_records_unioned') }}

),

renewed as (

    select
        source_system,
        source_record_id,
        full_name,
        phone,
        email,
        wechat_unionid,
        national_id,
        title,
        city,
        address,
        company_name,
        company_record_key,
        birth_date,
        first_seen_at,
        last_seen_at,
        record_key,
        known_as,
        is_deleted
    from person_records
    where {{ touched('record_key', 'int_records_changed') }}

)

select * from renewed
