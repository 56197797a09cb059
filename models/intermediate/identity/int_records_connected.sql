-- One row per record that is linked to another, with what all links together connect.
with

joined_records as (

    select * from {{ ref('int_records_joined') }}

),

connected_groups as (

    select * from {{ ref('int_groups_connected') }}

),

connected as (

    select
        coalesce(joined_records.node_id, connected_groups.node_id) as node_id,
        coalesce(connected_groups.component_id, joined_records.component_id) as component_id
    from joined_records
    full outer join connected_groups on joined_records.component_id = connected_groups.node_id

)

select * from connected
