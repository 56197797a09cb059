-- One row per company.
with

survivors as (

    select *
    from {{ ref('int_values_survived') }}
    where entity_type = 'company'

),

identified as (

    select *
    from {{ ref('int_records_identified') }}
    where entity_type = 'company'

),

company_records as (

    select * from {{ ref('int_company_records_unioned') }}

),

pivoted as (

    select
        entity_id as company_id,
        max(value) filter (where attribute = 'company_name') as company_name,
        max(value) filter (where attribute = 'tax_id') as tax_id,
        max(value) filter (where attribute = 'phone') as phone,
        max(value) filter (where attribute = 'email') as email,
        max(value) filter (where attribute = 'city') as city,
        max(value) filter (where attribute = 'address') as address
    from survivors
    group by entity_id

),

counted as (

    select
        identified.entity_id as company_id,
        string_agg(
            distinct company_records.source_system, ',' order by company_records.source_system
        ) as source_systems,
        count(*) as record_count,
        bool_and(company_records.is_deleted) as is_deleted,
        min(company_records.first_seen_at) as first_seen_at,
        max(company_records.last_seen_at) as last_seen_at
    from identified
    inner join company_records on identified.record_key = company_records.record_key
    group by identified.entity_id

),

companies as (

    select
        -- ids
        counted.company_id,

        -- strings
        pivoted.company_name,
        pivoted.tax_id,
        pivoted.phone,
        pivoted.email,
        pivoted.city,
        pivoted.address,
        counted.source_systems,

        -- numbers
        counted.record_count,

        -- booleans
        counted.is_deleted,

        -- timestamps
        counted.first_seen_at,
        counted.last_seen_at
    from counted
    left outer join pivoted on counted.company_id = pivoted.company_id

)

select * from companies
