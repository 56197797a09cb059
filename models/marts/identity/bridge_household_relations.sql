-- One row per two people of one household, as far as records show, and what they share.
with

keys as (

    select * from {{ ref('int_household_keys_carried') }}

),

employments as (

    select * from {{ ref('bridge_person_companies') }}

),

questions as (

    select *
    from {{ ref('fct_match_reviews') }}
    where entity_type = 'person'

),

identified as (

    select *
    from {{ ref('int_records_identified') }}
    where entity_type = 'person'

),

pairs as (

    select
        keys.person_id,
        other_keys.person_id as other_person_id,
        keys.channel,
        coalesce(keys.surname_key = other_keys.surname_key, false) as has_same_surname
    from keys
    inner join keys as other_keys
        on
            keys.channel = other_keys.channel
            and keys.value = other_keys.value
            and keys.person_id < other_keys.person_id

),

colleagues as (

    select distinct
        employments.person_id,
        other_employments.person_id as other_person_id
    from pairs
    inner join employments on pairs.person_id = employments.person_id
    inner join employments as other_employments
        on
            pairs.other_person_id = other_employments.person_id
            and employments.company_id = other_employments.company_id

),

-- who may be one isn't two of a household yet
asked_about as (

    select distinct
        least(identified.entity_id, other_identified.entity_id) as person_id,
        greatest(identified.entity_id, other_identified.entity_id) as other_person_id
    from questions
    inner join identified on questions.record_key = identified.record_key
    inner join identified as other_identified
        on questions.other_record_key = other_identified.record_key

),

household_relations as (

    select distinct
        pairs.person_id,
        pairs.other_person_id,
        pairs.channel as shared_channel,
        pairs.has_same_surname
    from pairs
    left outer join colleagues
        on
            pairs.person_id = colleagues.person_id
            and pairs.other_person_id = colleagues.other_person_id
    left outer join asked_about
        on
            pairs.person_id = asked_about.person_id
            and pairs.other_person_id = asked_about.other_person_id
    where
        asked_about.person_id is null
        -- a mobile or a mailbox is shared at home; at work and in a house it takes a name besides
        and (
            pairs.has_same_surname
            or (pairs.channel in ('phone', 'email') and colleagues.person_id is null)
        )

)

select * from household_relations
