-- One row per live record of a person or a company in a CRM, with the key of ours that it carries.
with

contacts as (

    select * from {{ ref('stg_selfbuilt__contacts') }}

),

companies as (

    select * from {{ ref('stg_selfbuilt__companies') }}

),

known_records as (

    select * from {{ ref('stg_ledger__records') }}

),

unioned as (

    select
        'contacts' as crm_object,
        id as crm_record_id,
        external_id,
        created as created_at,
        'contact:' || id as source_record_id
    from contacts
    where not is_deleted

    union all by name

    select
        'companies' as crm_object,
        id as crm_record_id,
        external_id,
        created as created_at,
        'company:' || id as source_record_id
    from companies
    where not is_deleted

),

linked as (

    select
        'selfbuilt' as crm,
        unioned.crm_object,
        unioned.crm_record_id,
        unioned.source_record_id,
        -- what we know to have written there is newer than what was read from there
        coalesce(max(known_records.key), max(unioned.external_id)) as linked_key,
        max(unioned.created_at) as created_at
    from unioned
    left outer join known_records
        on
            unioned.crm_record_id = known_records.remote_id
            and unioned.crm_object = known_records.object
            and known_records.destination = 'selfbuilt'
            and known_records.state = 'live'
    group by unioned.crm_object, unioned.crm_record_id, unioned.source_record_id

)

select * from linked
