-- One row per two records about which people are asked: the best pair of any two clusters in doubt.
with

open_questions as (

    select *
    from {{ ref('int_pairs_judged') }}
    where verdict = 'review'

),

answers as (

    select *
    from {{ ref('int_pairs_judged') }}
    where judged_by = 'people'

),

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
    from {{ ref('int_records_clustered') }}
    where is_parted

),

grouped_records as (

    select * from {{ ref('int_records_grouped') }}

),

-- what was linked, and then parted again because something contradicts it
cut_links as (

    select
        links.record_key,
        links.other_record_key
    from links
    inner join parted_records on links.record_key = parted_records.record_key

),

cut_probabilities as (

    select
        judgements.record_key,
        judgements.other_record_key,
        judgements.probability
    from judgements
    inner join parted_records on judgements.record_key = parted_records.record_key

),

doubtful as (

    select
        record_key,
        other_record_key,
        probability,
        'open' as state
    from open_questions

    union all by name

    select
        cut_links.record_key,
        cut_links.other_record_key,
        cut_probabilities.probability,
        'cut' as state
    from cut_links
    left outer join cut_probabilities
        on
            cut_links.record_key = cut_probabilities.record_key
            and cut_links.other_record_key = cut_probabilities.other_record_key

    union all by name

    select
        record_key,
        other_record_key,
        probability,
        'answered' as state
    from answers

),

-- of few records, so that what is known of all others isn't gathered
doubtful_clusters as (

    select
        record_key,
        entity_type,
        cluster_id
    from clusters
    where
        record_key in (
            select doubtful.record_key from doubtful
            union by name
            select doubtful.other_record_key as record_key from doubtful
        )

),

-- clusters on which somebody decided aren't asked about again
apart as (

    select
        doubtful_clusters.entity_type,
        doubtful.record_key,
        doubtful.other_record_key,
        doubtful.probability,
        doubtful.state,
        least(doubtful_clusters.cluster_id, other_clusters.cluster_id) as cluster_id,
        greatest(doubtful_clusters.cluster_id, other_clusters.cluster_id) as other_cluster_id,
        bool_or(doubtful.state = 'answered')
            over (
                partition by
                    least(doubtful_clusters.cluster_id, other_clusters.cluster_id),
                    greatest(doubtful_clusters.cluster_id, other_clusters.cluster_id)
            )
            as is_answered
    from doubtful
    inner join doubtful_clusters on doubtful.record_key = doubtful_clusters.record_key
    inner join doubtful_clusters as other_clusters
        on doubtful.other_record_key = other_clusters.record_key
    where doubtful_clusters.cluster_id != other_clusters.cluster_id

),

asked as (

    select
        entity_type,
        record_key,
        other_record_key,
        probability,
        state
    from apart
    where not is_answered
    qualify
        row_number()
            over (
                partition by cluster_id, other_cluster_id
                order by probability desc nulls last, record_key asc, other_record_key asc
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
            else answers.probability
        end as probability
    from decisions
    inner join answers
        on
            decisions.entity_type = answers.entity_type
            and decisions.record_key = answers.record_key
            and decisions.other_record_key = answers.other_record_key
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
        <= greatest({{ var('identity_review_share') }} * sized.record_count, 10)

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
