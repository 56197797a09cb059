-- One row per record of a person or a company, with its cluster; some are a cluster alone.
with

records as (

    select * from {{ ref('int_records_unioned') }}

),

components as (

    select * from {{ ref('int_records_connected') }}

),

parts as (

    select * from {{ ref('int_records_parted') }}

),

clustered as (

    select
        records.entity_type,
        records.record_key,
        coalesce(parts.component_id, components.component_id, records.record_key) as cluster_id
    from records
    left outer join components on records.record_key = components.node_id
    left outer join parts on records.record_key = parts.node_id

)

select * from clustered
