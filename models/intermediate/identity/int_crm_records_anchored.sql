-- One row per CRM record in which people typed, with the record that its id was minted from.
with

bound_records as (

    select * from {{ ref('int_crm_records_bound') }}

),

records as (

    select * from {{ ref('int_records_unioned') }}

),

minted as (

    select
        entity_type,
        record_key,
        {{ minted_id('entity_type', 'record_key') }} as entity_id
    from records

),

anchored as (

    select
        minted.entity_type,
        records.record_key,
        minted.record_key as other_record_key,
        records.is_named as is_compared_alone
    from bound_records
    inner join records
        on
            bound_records.entity_type = records.entity_type
            and bound_records.record_key = records.record_key
    inner join minted
        on
            bound_records.entity_type = minted.entity_type
            and bound_records.entity_id = minted.entity_id
    where records.record_key != minted.record_key

)

select * from anchored
