-- One row per record of a person in any system, with the person it is of.
with

identified as (

    select *
    from {{ ref('int_records_identified') }}
    where entity_type = 'person'

),

person_records as (

    select * from {{ ref('int_person_records_unioned') }}

),

crm_records as (

    select *
    from {{ ref('int_crm_records_identified') }}
    where entity_type = 'person'

),

records_of_their_own as (

    select
        person_records.source_system,
        person_records.source_record_id,
        identified.record_key,
        identified.entity_id as person_id
    from identified
    inner join person_records on identified.record_key = person_records.record_key

),

-- what we wrote into the CRM and nobody has touched
echoes as (

    select
        crm_records.source_system,
        crm_records.source_record_id,
        crm_records.record_key,
        crm_records.entity_id as person_id
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
