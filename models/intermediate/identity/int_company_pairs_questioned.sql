-- One row per two records about which people are asked: the best pair of any two clusters in doubt.
with

judgements as (

    select * from {{ ref('int_company_pairs_judged') }}

),

links as (

    select * from {{ ref('int_company_records_linked') }}

),

decisions as (

    select *
    from {{ ref('stg_decisions__match_decisions') }}
    where entity_type = 'company'

),

records as (

    select * from {{ ref('int_company_records_unioned') }}

),

clusters as (

    select * from {{ ref('int_company_records_clustered') }}

),

clustered as (

    select
        records.record_key,
        coalesce(clusters.component_id, records.record_key) as cluster_id
    from records
    left outer join clusters on records.record_key = clusters.node_id

),

joined as (

    select * from {{ ref('int_company_records_joined') }}

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
    left outer join judgements
        on
            links.record_key = judgements.record_key
            and links.other_record_key = judgements.other_record_key

),

apart as (

    select
        doubtful.record_key,
        doubtful.other_record_key,
        doubtful.probability,
        doubtful.state,
        least(clustered.cluster_id, other_clustered.cluster_id) as cluster_id,
        greatest(clustered.cluster_id, other_clustered.cluster_id) as other_cluster_id
    from doubtful
    inner join clustered on doubtful.record_key = clustered.record_key
    inner join clustered as other_clustered
        on doubtful.other_record_key = other_clustered.record_key
    where clustered.cluster_id != other_clustered.cluster_id

),

-- clusters on which somebody decided aren't asked about again
parted_by_people as (

    select distinct
        least(clustered.cluster_id, other_clustered.cluster_id) as cluster_id,
        greatest(clustered.cluster_id, other_clustered.cluster_id) as other_cluster_id
    from judgements
    inner join clustered on judgements.record_key = clustered.record_key
    inner join clustered as other_clustered
        on judgements.other_record_key = other_clustered.record_key
    where judgements.judged_by = 'people'

),

asked as (

    select
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
        decisions.record_key,
        decisions.other_record_key,
        decisions.verdict,
        coalesce(decisions.probability, 0.5) as probability_then,
        case
            when joined.component_id = other_joined.component_id then 1
            else judgements.probability
        end as probability
    from decisions
    inner join judgements
        on
            decisions.record_key = judgements.record_key
            and decisions.other_record_key = judgements.other_record_key
    left outer join joined on decisions.record_key = joined.node_id
    left outer join joined as other_joined
        on decisions.other_record_key = other_joined.node_id

),

-- the evidence has turned against what was decided
contradicted as (

    select
        record_key,
        other_record_key,
        cast(probability as decimal(5, 4)) as probability,
        'contradicted' as state
    from decided
    where
        abs(probability - probability_then) >= 0.25
        and (probability > probability_then) = (verdict = 'different')

),

-- people have only so much time: what contradicts itself first, then what is most probable
questioned as (

    select
        record_key,
        other_record_key,
        probability,
        state
    from asked
    qualify
        row_number()
            over (
                order by
                    state asc,
                    probability desc nulls last,
                    record_key asc,
                    other_record_key asc
            )
        <= greatest({{ var('identity_review_share') }} * (select count(*) from records), 50)

    union all by name

    select
        record_key,
        other_record_key,
        probability,
        state
    from contradicted

)

select * from questioned
