-- One row per link of the chains that hold the records of one customer together, the strongest.
{{ config(materialized='spanning_forest') }}

with

links as (

    select * from {{ ref('int_records_linked') }}

),

parts as (

    select
        record_key as node_id,
        cluster_id as component_id
    from {{ ref('int_records_clustered') }}
    where is_parted

),

held as (

    select
        links.record_key as node_id,
        links.other_record_key as other_node_id,
        max(links.strength) as strength
    from links
    left outer join parts on links.record_key = parts.node_id
    left outer join parts as other_parts on links.other_record_key = other_parts.node_id
    -- what was cut holds nothing together
    where parts.component_id is not distinct from other_parts.component_id
    group by links.record_key, links.other_record_key

)

select * from held
