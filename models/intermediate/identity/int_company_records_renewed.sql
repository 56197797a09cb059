-- One row per record of a company that is new or otherwise since the last build.
-- depends_on: {{ ref('int_records_digested') }}
with

company_records as (

    select * from {{ ref('int_company_records_unioned') }}

),

renewed as (

    select
        source_system,
        source_record_id,
        company_name,
        tax_id,
        phone,
        email,
        city,
        address,
        first_seen_at,
        last_seen_at,
        record_key,
        is_deleted
    from company_records
    where {{ touched('record_key', 'int_records_changed') }}

)

select * from renewed
