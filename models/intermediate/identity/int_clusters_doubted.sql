-- One row per connected component that contradicts itself.
with

components as (

    select * from {{ ref('int_records_connected') }}

),

vetoes as (

    select * from {{ ref('int_pairs_vetoed') }}

),

claims as (

    select * from {{ ref('int_records_claimed') }}

),

vetoed as (

    select components.component_id
    from vetoes
    inner join components on vetoes.record_key = components.node_id
    inner join components as other_components
        on
            vetoes.other_record_key = other_components.node_id
            and components.component_id = other_components.component_id

),

of_two_claims as (

    select components.component_id
    from components
    inner join claims on components.node_id = claims.record_key
    group by components.component_id
    having min(claims.claim) != max(claims.claim)

),

doubted as (

    select component_id from vetoed
    union by name
    select component_id from of_two_claims

)

select * from doubted
