-- One row per person and CRM that has a record of them: the record to keep in step.
with

people as (

    select * from {{ ref('dim_people') }}

),

person_records as (

    select * from {{ ref('bridge_person_records') }}

),

crm_records as (

    select * from {{ ref('int_crm_records_linked') }}

),

candidates as (

    select
        person_records.person_id,
        crm_records.crm,
        crm_records.crm_record_id,
        crm_records.created_at,
        coalesce(crm_records.linked_key = person_records.person_id, false) as is_linked,
        -- another living key's record stays with it; a key that was merged away holds nothing
        crm_records.linked_key is null
        or crm_records.linked_key = person_records.person_id
        or people.person_id is null as is_free
    from person_records
    inner join crm_records
        on
            person_records.source_system = crm_records.crm
            and person_records.source_record_id = crm_records.source_record_id
            and crm_records.crm_object = 'contacts'
    left outer join people on crm_records.linked_key = people.person_id

),

counted as (

    select
        person_id,
        crm,
        crm_record_id,
        created_at,
        is_linked,
        is_free,
        count(*) over (partition by person_id, crm) as crm_record_count
    from candidates

),

chosen as (

    select
        person_id,
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
                partition by person_id, crm
                order by is_linked desc, created_at asc, crm_record_id asc
            )
        = 1

)

select * from chosen
