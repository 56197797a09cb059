-- One row per link of the chains that hold a customer's records together, and why it holds.
with

chains as (

    select
        node_id as record_key,
        other_node_id as other_record_key
    from {{ ref('int_records_chained') }}

),

links as (

    select * from {{ ref('int_records_linked') }}

),

identified as (

    select * from {{ ref('int_records_identified') }}

),

decisions as (

    select * from {{ ref('stg_decisions__match_decisions') }}

),

identifiers as (

    select
        'person' as entity_type,
        record_key,
        identifier_type,
        identifier
    from {{ ref('int_person_identifiers_keyed') }}
    where is_key

    union all by name

    select
        'company' as entity_type,
        record_key,
        identifier_type,
        identifier
    from {{ ref('int_company_identifiers_keyed') }}
    where is_key

),

evidence as (

    select
        'person' as entity_type,
        record_key,
        other_record_key,
        weight,
        probability,
        evidence
    from {{ ref('int_person_pairs_worded') }}

    union all by name

    select
        'company' as entity_type,
        record_key,
        other_record_key,
        weight,
        probability,
        evidence
    from {{ ref('int_company_pairs_worded') }}

),

-- of several rules that say the same of two records, one is enough
reasons as (

    select
        links.entity_type,
        chains.record_key,
        chains.other_record_key,
        links.rule,
        links.strength
    from chains
    inner join links
        on
            chains.record_key = links.record_key
            and chains.other_record_key = links.other_record_key
    qualify
        row_number()
            over (
                partition by chains.record_key, chains.other_record_key
                order by links.strength desc, links.rule asc
            )
        = 1

),

-- what both hold, by which the rule joined them
held as (

    select
        reasons.entity_type,
        reasons.record_key,
        reasons.other_record_key,
        identifiers.identifier_type,
        min(identifiers.identifier) as identifier
    from reasons
    inner join identifiers
        on
            reasons.entity_type = identifiers.entity_type
            and reasons.record_key = identifiers.record_key
            and starts_with(reasons.rule, 'same ' || identifiers.identifier_type)
    inner join identifiers as other_identifiers
        on
            reasons.entity_type = other_identifiers.entity_type
            and reasons.other_record_key = other_identifiers.record_key
            and identifiers.identifier_type = other_identifiers.identifier_type
            and identifiers.identifier = other_identifiers.identifier
    group by
        reasons.entity_type,
        reasons.record_key,
        reasons.other_record_key,
        identifiers.identifier_type

),

linked as (

    select
        identified.entity_id,
        reasons.record_key,
        reasons.other_record_key,
        reasons.entity_type,
        held.identifier_type,
        reasons.rule,
        held.identifier,
        evidence.evidence,
        decisions.decided_by,
        decisions.reason,
        evidence.weight,
        evidence.probability,
        decisions.decided_at,
        case
            when decisions.verdict = 'same' then 'people'
            when starts_with(reasons.rule, 'probability') then 'weights'
            else 'rule'
        end as linked_by
    from reasons
    inner join identified
        on
            reasons.entity_type = identified.entity_type
            and reasons.record_key = identified.record_key
    left outer join held
        on
            reasons.entity_type = held.entity_type
            and reasons.record_key = held.record_key
            and reasons.other_record_key = held.other_record_key
    left outer join evidence
        on
            reasons.entity_type = evidence.entity_type
            and reasons.record_key = evidence.record_key
            and reasons.other_record_key = evidence.other_record_key
    left outer join decisions
        on
            reasons.entity_type = decisions.entity_type
            and reasons.record_key = decisions.record_key
            and reasons.other_record_key = decisions.other_record_key

),

record_links as (

    select
        -- ids
        entity_id,
        record_key,
        other_record_key,

        -- codes
        entity_type,
        linked_by,
        identifier_type,

        -- strings
        rule,
        identifier,
        evidence,
        decided_by,
        reason,

        -- numbers
        weight,
        probability,

        -- timestamps
        decided_at
    from linked

)

select * from record_links
