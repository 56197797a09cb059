-- One row per CRM record in which people typed, with the record that its id of ours was minted from.
with

bound_records as (

    select *
    from {{ ref('int_crm_records_bound') }}
    where entity_type = 'person'

),

person_records as (

    select * from {{ ref('int_person_records_unioned') }}

),

minted as (

    select
        record_key,
        {{ minted_id("'person'", 'record_key') }} as entity_id
    from person_records

),

linked as (

    select
        person_records.record_key,
        minted.record_key as other_record_key
    from person_records
    inner join bound_records
        on
            person_records.source_system = bound_records.source_system
            and person_records.source_record_id = bound_records.source_record_id
    inner join minted on bound_records.entity_id = minted.entity_id

)

select * from linked
