-- One row per record whose pairs with others are judged again, or are gone.
with

regrouped_records as (

    select * from {{ ref('int_records_regrouped') }}

),

touched_groups as (

    select * from {{ ref('int_groups_touched') }}

),

records as (

    select * from {{ ref('int_records_grouped') }}

),

recompared as (

    select record_key from regrouped_records

    union by name

    select records.record_key
    from records
    inner join touched_groups on records.group_key = touched_groups.group_key

)

select * from recompared
