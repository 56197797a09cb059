-- One row per company and CRM that has a record of it: the record to keep in step.
with

companies as (

    select * from {{ ref('dim_companies') }}

),

company_records as (

    select * from {{ ref('bridge_company_records') }}

),

crm_records as (

    select * from {{ ref('int_crm_records_linked') }}

),

candidates as (

    select
        company_records.company_id,
        crm_records.crm,
        crm_records.crm_record_id,
        crm_records.created_at,
        coalesce(crm_records.linked_key = company_records.company_id, false) as is_linked,
        -- another living key's record stays with it; a key that was merged away holds nothing
        crm_records.linked_key is null
        or crm_records.linked_key = company_records.company_id
        or companies.company_id is null as is_free
    from company_records
    inner join crm_records
        on
            company_records.source_system = crm_records.crm
            and company_records.source_record_id = crm_records.source_record_id
            and crm_records.crm_object = 'companies'
    left outer join companies on crm_records.linked_key = companies.company_id

),

counted as (

    select
        company_id,
        crm,
        crm_record_id,
        created_at,
        is_linked,
        is_free,
        count(*) over (partition by company_id, crm) as crm_record_count
    from candidates

),

chosen as (

    select
        company_id,
        crm,
        crm_record_id,
        is_linked,
        crm_record_count
    from counted
    where is_free
    -- the one that is already ours, else the oldest; the others are left to whoever typed them
    qualify
        row_number()
            over (
                partition by company_id, crm
                order by is_linked desc, created_at asc, crm_record_id asc
            )
        = 1

)

select * from chosen
