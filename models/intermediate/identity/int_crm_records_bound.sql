-- One row per live CRM record that carries an id of ours.
with

crm_records as (

    select *
    from {{ ref('int_crm_records_linked') }}
    where linked_key is not null

),

contacts as (

    select
        'person' as entity_type,
        crm as source_system,
        'contact:' || crm_record_id as source_record_id,
        linked_key as entity_id,
        created_at
    from crm_records
    where crm_object = 'contacts'

),

companies as (

    select
        'company' as entity_type,
        crm as source_system,
        'company:' || crm_record_id as source_record_id,
        linked_key as entity_id,
        created_at
    from crm_records
    where crm_object = 'companies'

),

unioned as (

    select * from contacts
    union all by name
    select * from companies

),

bound as (

    select
        entity_type,
        source_system,
        source_record_id,
        entity_id,
        created_at,
        source_system || ':' || source_record_id as record_key
    from unioned

)

select * from bound
