-- One row per record of a person or a company, with its cluster; some are a cluster alone.
{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='record_key',
    touched_by='int_records_reclustered'
) }}

with

records as (

    select *
    from {{ ref('int_records_unioned') }}
    where {{ touched('record_key', 'int_records_reclustered') }}

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
        components.component_id as whole_id,
        coalesce(parts.component_id, components.component_id) as cluster_id,
        parts.node_id is not null as is_parted
    from records
    inner join components on records.record_key = components.node_id
    left outer join parts on records.record_key = parts.node_id

)

select * from clustered
