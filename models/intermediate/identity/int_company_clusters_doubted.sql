-- One row per connected component that contradicts itself.
with

components as (

    select * from {{ ref('int_company_records_connected') }}

),

vetoes as (

    select *
    from {{ ref('int_company_pairs_vetoed') }}

),

records as (

    select * from {{ ref('int_company_records_profiled') }}

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

of_two_ids as (

    select components.component_id
    from components
    inner join records on components.node_id = records.record_key
    group by components.component_id
    having min(records.tax_id) != max(records.tax_id)

),

doubted as (

    select component_id from vetoed
    union by name
    select component_id from of_two_ids

)

select * from doubted
