-- One row per record and id that it ever had; the newest id of a record is its latest.
{{ config(
    materialized='incremental',
    unique_key=['entity_type', 'record_key', 'entity_id'],
    incremental_strategy='delete+insert',
    full_refresh=false
) }}

with

members as (

    select *
    from {{ ref('int_records_clustered') }}
    where
        {{ touched(
            'record_key', 'int_records_reclustered'
        ) }}

),

bound_records as (

    select * from {{ ref('int_crm_records_bound') }}

),

recognised_records as (

    {% if is_incremental() %}
        select
            cast(null as varchar) as entity_type,
            cast(null as varchar) as entity_id,
            cast(null as varchar) as record_key,
            cast(null as timestamp) as created_at
        where false
    {% else %}
        select * from {{ ref('int_crm_records_recognised') }}
    {% endif %}

),

known as (

    {% if is_incremental() %}
        select * from {{ this }}
    {% else %}
        select
            cast(null as varchar) as entity_type,
            cast(null as varchar) as record_key,
            cast(null as varchar) as entity_id,
            cast(null as boolean) as is_founder,
            cast(null as boolean) as is_latest,
            cast(null as timestamp) as first_assigned_at,
            cast(null as timestamp) as last_assigned_at
        where false
    {% endif %}

),

-- an id belongs where the record is that it was minted from; if that is gone, to its heir
registered_claims as (

    select
        known.entity_type,
        known.entity_id,
        members.cluster_id,
        min(known.first_assigned_at) over (partition by known.entity_type, known.entity_id)
            as minted_at,
        cast(null as varchar) as founder_key
    from known
    inner join members
        on known.entity_type = members.entity_type and known.record_key = members.record_key
    where known.is_founder or known.is_latest
    qualify
        row_number()
            over (
                partition by known.entity_type, known.entity_id
                order by known.is_founder desc, known.first_assigned_at asc, known.record_key asc
            )
        = 1

),

-- with the registry lost, the CRM remembers the ids: first by what they were minted from
minted_members as (

    select
        entity_type,
        record_key,
        cluster_id,
        {{ minted_id('entity_type', 'record_key') }} as entity_id
    from members
    where not exists (select 1 from known)

),

remembered as (

    select
        minted_members.entity_type,
        bound_records.entity_id,
        minted_members.cluster_id,
        bound_records.created_at as minted_at,
        minted_members.record_key as founder_key,
        1 as preference
    from bound_records
    inner join minted_members
        on
            bound_records.entity_type = minted_members.entity_type
            and bound_records.entity_id = minted_members.entity_id

    union all by name

    select
        minted_members.entity_type,
        bound_records.entity_id,
        minted_members.cluster_id,
        bound_records.created_at as minted_at,
        minted_members.record_key as founder_key,
        2 as preference
    from bound_records
    inner join minted_members
        on
            bound_records.entity_type = minted_members.entity_type
            and bound_records.record_key = minted_members.record_key

    union all by name

    -- and last by what we wrote there ourselves
    select
        minted_members.entity_type,
        recognised_records.entity_id,
        minted_members.cluster_id,
        recognised_records.created_at as minted_at,
        minted_members.record_key as founder_key,
        3 as preference
    from recognised_records
    inner join minted_members
        on
            recognised_records.entity_type = minted_members.entity_type
            and recognised_records.record_key = minted_members.record_key

),

crm_claims as (

    select
        entity_type,
        entity_id,
        cluster_id,
        minted_at,
        founder_key
    from remembered
    qualify
        row_number()
            over (
                partition by entity_type, entity_id
                order by preference asc, minted_at asc, founder_key asc
            )
        = 1

),

claims as (

    select * from registered_claims
    union all by name
    select * from crm_claims

),

kept_claims as (

    select
        entity_type,
        entity_id,
        cluster_id,
        founder_key
    from claims
    qualify
        row_number()
            over (partition by entity_type, cluster_id order by minted_at asc, entity_id asc)
        = 1

),

clusters as (

    select
        entity_type,
        cluster_id,
        min(record_key) as first_record_key
    from members
    group by entity_type, cluster_id

),

identified as (

    select
        clusters.entity_type,
        clusters.cluster_id,
        coalesce(
            kept_claims.entity_id,
            {{ minted_id('clusters.entity_type', 'clusters.first_record_key') }}
        ) as entity_id,
        case
            when kept_claims.entity_id is null then clusters.first_record_key
            else kept_claims.founder_key
        end as founder_key
    from clusters
    left outer join kept_claims
        on
            clusters.entity_type = kept_claims.entity_type
            and clusters.cluster_id = kept_claims.cluster_id

),

assigned as (

    select
        members.entity_type,
        members.record_key,
        identified.entity_id,
        coalesce(known.is_founder, members.record_key = identified.founder_key, false)
            as is_founder,
        true as is_latest,
        coalesce(known.first_assigned_at, {{ build_time() }}) as first_assigned_at,
        {{ build_time() }} as last_assigned_at
    from members
    inner join identified
        on
            members.entity_type = identified.entity_type
            and members.cluster_id = identified.cluster_id
    left outer join known
        on
            members.entity_type = known.entity_type
            and members.record_key = known.record_key
            and identified.entity_id = known.entity_id
    -- what is as it was needs no new row
    where known.is_latest is distinct from true

),

superseded as (

    select
        known.entity_type,
        known.record_key,
        known.entity_id,
        known.is_founder,
        false as is_latest,
        known.first_assigned_at,
        known.last_assigned_at
    from known
    inner join assigned
        on
            known.entity_type = assigned.entity_type
            and known.record_key = assigned.record_key
            and known.entity_id != assigned.entity_id
    where known.is_latest

),

registered as (

    select * from assigned
    union all by name
    select * from superseded

)

select * from registered
