-- One row per record of a person or a company in any system.
{{ config(materialized='view') }}

with

person_records as (

    select * from {{ ref('int_person_records_unioned') }}

),

company_records as (

    select * from {{ ref('int_company_records_unioned') }}

),

unioned as (

    select
        'person' as entity_type,
        record_key,
        source_system,
        is_deleted,
        last_seen_at,
        full_name is not null as is_named
    from person_records

    union all by name

    select
        'company' as entity_type,
        record_key,
        source_system,
        is_deleted,
        last_seen_at,
        company_name is not null as is_named
    from company_records

)

select * from unioned
