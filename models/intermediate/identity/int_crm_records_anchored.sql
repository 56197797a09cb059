-- One row per CRM record in which people typed, with the record that its id was minted from.
with

bound_records as (

    select * from {{ ref('int_crm_records_bound') }}

),

person_records as (

    select
        'person' as entity_type,
        record_key
    from {{ ref('int_person_records_unioned') }}

),

company_records as (

    select
        'company' as entity_type,
        record_key
    from {{ ref('int_company_records_unioned') }}

),

unioned as (

    select * from person_records
    union all by name
    select * from company_records

),

minted as (

    select
        entity_type,
        record_key,
        {{ minted_id('entity_type', 'record_key') }} as entity_id
    from unioned

),

anchored as (

    select
        minted.entity_type,
        unioned.record_key,
        minted.record_key as other_record_key
    from bound_records
    inner join unioned
        on
            bound_records.entity_type = unioned.entity_type
            and bound_records.record_key = unioned.record_key
    inner join minted
        on
            bound_records.entity_type = minted.entity_type
            and bound_records.entity_id = minted.entity_id

)

select * from anchored
