-- One row per record of a component that contradicts itself, with the part that it belongs to.
{{ config(materialized='parted_components') }}

with

components as (

    select * from {{ ref('int_records_connected') }}

),

doubted_components as (

    select * from {{ ref('int_clusters_doubted') }}

),

links as (

    select * from {{ ref('int_records_linked') }}

),

vetoes as (

    select * from {{ ref('int_pairs_vetoed') }}

),

claims as (

    select * from {{ ref('int_records_claimed') }}

),

doubted_records as (

    select
        components.node_id,
        components.component_id
    from components
    inner join doubted_components on components.component_id = doubted_components.component_id

),

given as (

    select
        links.record_key as node_id,
        links.other_record_key as other_node_id,
        links.strength,
        null as claim
    from links
    inner join doubted_records on links.record_key = doubted_records.node_id

    union all by name

    select
        vetoes.record_key as node_id,
        vetoes.other_record_key as other_node_id,
        null as strength,
        null as claim
    from vetoes
    inner join doubted_records on vetoes.record_key = doubted_records.node_id
    inner join doubted_records as other_doubted_records
        on
            vetoes.other_record_key = other_doubted_records.node_id
            and doubted_records.component_id = other_doubted_records.component_id

    union all by name

    select
        claims.record_key as node_id,
        null as other_node_id,
        null as strength,
        claims.claim
    from claims
    inner join doubted_records on claims.record_key = doubted_records.node_id

)

select * from given
