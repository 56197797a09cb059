-- One row per two records about which people are asked: the best pair of any two clusters in doubt.
with

judgements as (

    select * from {{ ref('int_pairs_judged') }}

),

links as (

    select * from {{ ref('int_records_linked') }}

),

decisions as (

    select * from {{ ref('stg_decisions__match_decisions') }}

),

clusters as (

    select * from {{ ref('int_records_clustered') }}

),

parted_records as (

    select record_key
    from clusters
    where is_parted

),

grouped_records as (

    select * from {{ ref('int_records_grouped') }}

),

doubtful as (

    select
        record_key,
        other_record_key,
        probability,
        'open' as state
    from judgements
    where verdict = 'review'

    union all by name

    -- what was linked, and then parted again because something contradicts it
    select
        links.record_key,
        links.other_record_key,
        judgements.probability,
        'cut' as state
    from links
    inner join parted_records on links.record_key = parted_records.record_key
    left outer join judgements
        on
            links.record_key = judgements.record_key
            and links.other_record_key = judgements.other_record_key

),

apart as (

    select
        clusters.entity_type,
        doubtful.record_key,
        doubtful.other_record_key,
        doubtful.probability,
        doubtful.state,
        least(clusters.cluster_id, other_clusters.cluster_id) as cluster_id,
        greatest(clusters.cluster_id, other_clusters.cluster_id) as other_cluster_id
    from doubtful
    inner join clusters on doubtful.record_key = clusters.record_key
    inner join clusters as other_clusters
        on doubtful.other_record_key = other_clusters.record_key
    where clusters.cluster_id != other_clusters.cluster_id

),

-- clusters on which somebody decided aren't asked about again
parted_by_people as (

    select distinct
        least(clusters.cluster_id, other_clusters.cluster_id) as cluster_id,
        greatest(clusters.cluster_id, other_clusters.cluster_id) as other_cluster_id
    from judgements
    inner join clusters on judgements.record_key = clusters.record_key
    inner join clusters as other_clusters
        on judgements.other_record_key = other_clusters.record_key
    where judgements.judged_by = 'people'

),

asked as (

    select
        apart.entity_type,
        apart.record_key,
        apart.other_record_key,
        apart.probability,
        apart.state
    from apart
    left outer join parted_by_people
        on
            apart.cluster_id = parted_by_people.cluster_id
            and apart.other_cluster_id = parted_by_people.other_cluster_id
    where parted_by_people.cluster_id is null
    qualify
        row_number()
            over (
                partition by apart.cluster_id, apart.other_cluster_id
                order by
                    apart.probability desc nulls last,
                    apart.record_key asc,
                    apart.other_record_key asc
            )
        = 1

),

-- what is known now of what was decided; what a rule joins is certain
decided as (

    select
        decisions.entity_type,
        decisions.record_key,
        decisions.other_record_key,
        decisions.verdict,
        coalesce(decisions.probability, 0.5) as probability_then,
        case
            when grouped_records.group_key = other_grouped_records.group_key then 1
            else judgements.probability
        end as probability
    from decisions
    inner join judgements
        on
            decisions.entity_type = judgements.entity_type
            and decisions.record_key = judgements.record_key
            and decisions.other_record_key = judgements.other_record_key
    left outer join grouped_records on decisions.record_key = grouped_records.record_key
    left outer join grouped_records as other_grouped_records
        on decisions.other_record_key = other_grouped_records.record_key

),

-- the evidence has turned against what was decided
contradicted as (

    select
        entity_type,
        record_key,
        other_record_key,
        cast(probability as decimal(5, 4)) as probability,
        'contradicted' as state
    from decided
    where
        abs(probability - probability_then) >= 0.25
        and (probability > probability_then) = (verdict = 'different')

),

sized as (

    select
        entity_type,
        count(*) as record_count
    from clusters
    group by entity_type

),

-- people have only so much time: what contradicts itself first, then what is most probable
questioned as (

    select
        asked.entity_type,
        asked.record_key,
        asked.other_record_key,
        asked.probability,
        asked.state
    from asked
    inner join sized on asked.entity_type = sized.entity_type
    qualify
        row_number()
            over (
                partition by asked.entity_type
                order by
                    asked.state asc,
                    asked.probability desc nulls last,
                    asked.record_key asc,
                    asked.other_record_key asc
            )
        <= greatest({{ var('identity_review_share') }} * sized.record_count, 50)

    union all by name

    select
        entity_type,
        record_key,
        other_record_key,
        probability,
        state
    from contradicted

)

select * from questioned
