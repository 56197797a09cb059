-- One row per live CRM record that carries an id of ours.
with

crm_records as (

    select * from {{ ref('int_crm_records_linked') }}

),

bound as (

    select
        case when crm_object = 'contacts' then 'person' else 'company' end as entity_type,
        crm as source_system,
        case when crm_object = 'contacts' then 'contact:' else 'company:' end || crm_record_id
            as source_record_id,
        linked_key as entity_id,
        created_at
    from crm_records
    where linked_key is not null

)

select * from bound
