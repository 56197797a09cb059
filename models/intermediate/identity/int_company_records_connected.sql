-- One row per company's record that is linked to another, with what all links together connect.
{{ config(materialized='connected_components') }}

with

joined_records as (

    select * from {{ ref('int_company_records_joined') }}

),

judgements as (

    select *
    from {{ ref('int_company_pairs_judged') }}
    where verdict = 'same'

),

edges as (

    -- what sure rules join needs no second contraction
    select
        node_id,
        component_id as link_id
    from joined_records

    union all by name

    select
        record_key as node_id,
        other_record_key as link_id
    from judgements

    union all by name

    select
        other_record_key as node_id,
        other_record_key as link_id
    from judgements

)

select * from edges
