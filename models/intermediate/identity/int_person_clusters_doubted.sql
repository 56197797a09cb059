-- One row per connected component that contradicts itself.
with

components as (

    select * from {{ ref('int_person_records_connected') }}

),

vetoes as (

    select *
    from {{ ref('int_person_pairs_vetoed') }}

),

national_ids as (

    select
        record_key,
        min(identifier) as national_id
    from {{ ref('int_person_keys_named') }}
    where identifier_type = 'national_id'
    group by record_key

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
    inner join national_ids on components.node_id = national_ids.record_key
    group by components.component_id
    having min(national_ids.national_id) != max(national_ids.national_id)

),

doubted as (

    select component_id from vetoed
    union by name
    select component_id from of_two_ids

)

select * from doubted
