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

left_wholes as (

    select distinct known_clusters.whole_id
    from known_clusters
    inner join tied on known_clusters.record_key = tied.record_key

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
