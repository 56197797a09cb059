-- One row per company's record that is linked to another, with the cluster that it ends up in.
with

components as (

    select * from {{ ref('int_company_records_connected') }}

),

parts as (

    select * from {{ ref('int_company_records_parted') }}

),

clustered as (

    select
        components.node_id,
        coalesce(parts.component_id, components.component_id) as component_id
    from components
    left outer join parts on components.node_id = parts.node_id

)

select * from clustered
