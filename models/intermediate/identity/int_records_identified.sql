-- One row per record of a person or a company that is there now, with the id that it has.
with

members as (

    select * from {{ ref('int_records_clustered') }}

),

registered as (

    select *
    from {{ ref('int_ids_registered') }}
    where is_latest

),

identified as (

    select
        members.entity_type,
        members.record_key,
        registered.entity_id
    from members
    inner join registered
        on
            members.entity_type = registered.entity_type
            and members.record_key = registered.record_key

)

select * from identified
