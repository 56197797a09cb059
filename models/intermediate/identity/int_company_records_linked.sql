-- One row per CRM record in which people typed, with the record that its id of ours was minted from.
with

bound_records as (

    select *
    from {{ ref('int_crm_records_bound') }}
    where entity_type = 'company'

),

company_records as (

    select * from {{ ref('int_company_records_unioned') }}

),

minted as (

    select
        record_key,
        {{ minted_id("'company'", 'record_key') }} as entity_id
    from company_records

),

linked as (

    select
        company_records.record_key,
        minted.record_key as other_record_key
    from company_records
    inner join bound_records
        on
            company_records.source_system = bound_records.source_system
            and company_records.source_record_id = bound_records.source_record_id
    inner join minted on bound_records.entity_id = minted.entity_id

)

select * from linked
