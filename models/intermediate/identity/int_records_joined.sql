-- One row per record that a sure rule joins to another, with the group that they make.
{{ config(materialized='connected_components') }}

with

person_matches as (

    select *
    from {{ ref('int_person_records_matched') }}
    where {{ touched('record_key', 'int_records_regrouped') }}

),

company_matches as (

    select *
    from {{ ref('int_company_records_matched') }}
    where {{ touched('record_key', 'int_records_regrouped') }}

),

-- no record is of a person and of a company
matches as (

    select
        record_key,
        other_record_key
    from person_matches

    union all by name

    select
        record_key,
        other_record_key
    from company_matches

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
