-- One row per record of a company in any system, with the company it is of.
with

identified as (

    select *
    from {{ ref('int_records_identified') }}
    where entity_type = 'company'

),

company_records as (

    select * from {{ ref('int_company_records_unioned') }}

),

crm_records as (

    select *
    from {{ ref('int_crm_records_identified') }}
    where entity_type = 'company'

),

records_of_their_own as (

    select
        company_records.source_system,
        company_records.source_record_id,
        identified.record_key,
        identified.entity_id as company_id
    from identified
    inner join company_records on identified.record_key = company_records.record_key

),

-- what we wrote into the CRM and nobody has touched
echoes as (

    select
        crm_records.source_system,
        crm_records.source_record_id,
        crm_records.record_key,
        crm_records.entity_id as company_id
    from crm_records
    left outer join identified on crm_records.record_key = identified.record_key
    where identified.record_key is null

),

unioned as (

    select * from records_of_their_own
    union all by name
    select * from echoes

)

select * from unioned
