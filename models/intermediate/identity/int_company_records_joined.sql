-- One row per company's record that a sure rule joins to another, with the group that they make.
{{ config(materialized='connected_components') }}

with

matches as (

    select * from {{ ref('int_company_records_matched') }}

),

edges as (

    select
        record_key as node_id,
        other_record_key as link_id
    from matches

    union all by name

    select
        other_record_key as node_id,
        other_record_key as link_id
    from matches

)

select * from edges
