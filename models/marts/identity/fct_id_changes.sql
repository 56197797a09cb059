-- One row per step in an id's life: merged into another, split by another, restored.
{{ config(materialized='incremental', full_refresh=false, on_schema_change='fail') }}

with

redirects as (

    select * from {{ ref('int_ids_redirected') }}

),

identified as (

    select * from {{ ref('int_records_identified') }}

),

live as (

    select distinct
        entity_type,
        entity_id
    from identified

),

known as (

    {% if is_incremental() %}
        select * from {{ this }}
    {% else %}
        select
            cast(null as varchar) as entity_type,
            cast(null as varchar) as old_id,
            cast(null as varchar) as new_id,
            cast(null as varchar) as kind,
            cast(null as timestamp) as changed_at
        where false
    {% endif %}

),

last_known as (

    select *
    from known
    where kind in ('merged', 'restored')
    qualify row_number() over (partition by entity_type, old_id order by changed_at desc) = 1

),

mergers as (

    select
        redirects.entity_type,
        redirects.old_key as old_id,
        redirects.new_key as new_id,
        redirects.kind,
        redirects.redirected_at as changed_at
    from redirects
    left outer join last_known
        on
            redirects.entity_type = last_known.entity_type
            and redirects.old_key = last_known.old_id
            and redirects.new_key = last_known.new_id
            and last_known.kind = 'merged'
    where redirects.kind = 'merged' and last_known.old_id is null

),

splits as (

    select
        redirects.entity_type,
        redirects.old_key as old_id,
        redirects.new_key as new_id,
        redirects.kind,
        redirects.redirected_at as changed_at
    from redirects
    left outer join known
        on
            redirects.entity_type = known.entity_type
            and redirects.old_key = known.old_id
            and redirects.new_key = known.new_id
            and redirects.redirected_at = known.changed_at
    where redirects.kind = 'split' and known.old_id is null

),

-- what was merged parts again: whoever has a claim to an id has it back
restorations as (

    select
        last_known.entity_type,
        last_known.old_id,
        last_known.old_id as new_id,
        'restored' as kind,
        {{ build_time() }} as changed_at
    from last_known
    inner join live
        on last_known.entity_type = live.entity_type and last_known.old_id = live.entity_id
    where last_known.kind = 'merged'

),

id_changes as (

    select * from mergers
    union all by name
    select * from splits
    union all by name
    select * from restorations

)

select * from id_changes
