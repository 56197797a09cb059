-- One row per record whose cluster may be another now.
with

recompared_records as (

    select * from {{ ref('int_records_recompared') }}

),

links as (

    select * from {{ ref('int_records_linked') }}

),

known_clusters as (

    {{ kept('int_records_clustered', ['record_key', 'whole_id']) }}

),

known_ids as (

    {{ kept('int_ids_registered', ['record_key', 'entity_id']) }}

),

tied as (

    select record_key from recompared_records

    union by name

    select links.other_record_key as record_key
    from links
    inner join recompared_records on links.record_key = recompared_records.record_key

    union by name

    select links.record_key
    from links
    inner join recompared_records on links.other_record_key = recompared_records.record_key

),

-- an id goes back to a record that is there again, so whoever inherited it gets another
claimed_ids as (

    select distinct known_ids.entity_id
    from known_ids
    inner join tied on known_ids.record_key = tied.record_key

),

claimants as (

    select record_key from tied

    union by name

    select known_ids.record_key
    from known_ids
    inner join claimed_ids on known_ids.entity_id = claimed_ids.entity_id

),

left_wholes as (

    select distinct known_clusters.whole_id
    from known_clusters
    inner join claimants on known_clusters.record_key = claimants.record_key

),

reached as (

    select record_key from tied

    union by name

    select known_clusters.record_key
    from known_clusters
    inner join left_wholes on known_clusters.whole_id = left_wholes.whole_id

),

reclustered as (

    select record_key
    from reached
    where {{ in_partial_build() }}

)

select * from reclustered
