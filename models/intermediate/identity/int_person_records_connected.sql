-- One row per person's record that is linked to another, with what all links together connect.
{{ config(materialized='connected_components') }}

with

matches as (

    select * from {{ ref('int_person_records_linked') }}

),

edges as (

    select
        record_key as node_id,
        other_record_key as link_id
    from matches

    union by name

    select
        other_record_key as node_id,
        other_record_key as link_id
    from matches

)

select * from edges
