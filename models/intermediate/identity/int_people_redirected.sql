-- One row per person id that gave way to another.
with

redirects as (

    select * from {{ ref('int_ids_redirected') }}

),

redirected as (

    select
        old_key,
        new_key,
        kind,
        redirected_at
    from redirects
    where entity_type = 'person'

)

select * from redirected
