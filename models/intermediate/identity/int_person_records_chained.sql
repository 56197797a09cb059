-- One row per link of the chains that hold a person's records together, the strongest there are.
{{ config(materialized='spanning_forest') }}

with

links as (

    select * from {{ ref('int_person_records_linked') }}

),

clusters as (

    select * from {{ ref('int_person_records_clustered') }}

),

held as (

    select
        links.record_key as node_id,
        links.other_record_key as other_node_id,
        max(links.strength) as strength
    from links
    inner join clusters on links.record_key = clusters.node_id
    -- what was cut holds nothing together
    inner join clusters as other_clusters
        on
            links.other_record_key = other_clusters.node_id
            and clusters.component_id = other_clusters.component_id
    group by links.record_key, links.other_record_key

)

select * from held
