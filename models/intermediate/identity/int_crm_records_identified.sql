-- One row per CRM record that we wrote or adopted, with the present id behind the one it carries.
with

bound_records as (

    select * from {{ ref('int_crm_records_bound') }}

),

identified as (

    select * from {{ ref('int_records_identified') }}

),

redirects as (

    select *
    from {{ ref('int_ids_redirected') }}
    where kind = 'merged'

),

live as (

    select distinct
        entity_type,
        entity_id
    from identified

),

resolved as (

    select
        bound_records.entity_type,
        bound_records.source_system,
        bound_records.source_record_id,
        bound_records.record_key,
        coalesce(redirects.new_key, bound_records.entity_id) as entity_id
    from bound_records
    left outer join redirects
        on
            bound_records.entity_type = redirects.entity_type
            and bound_records.entity_id = redirects.old_key

),

-- an id of which no record is left says nothing any more
identified_records as (

    select
        resolved.entity_type,
        resolved.source_system,
        resolved.source_record_id,
        resolved.record_key,
        resolved.entity_id
    from resolved
    inner join live
        on resolved.entity_type = live.entity_type and resolved.entity_id = live.entity_id

)

select * from identified_records
