-- One row per person and phone, e-mail address or home that a few people share.
with

identified as (

    select *
    from {{ ref('int_records_identified') }}
    where entity_type = 'person'

),

person_records as (

    select * from {{ ref('int_person_records_unioned') }}

),

names as (

    select *
    from {{ ref('int_person_names_normalised') }}
    where name_kind = 'full'

),

identifiers as (

    select *
    from {{ ref('int_person_identifiers_keyed') }}
    where is_key and identifier_type in ('phone', 'email')

),

facts as (

    select * from {{ ref('int_person_facts_derived') }}

),

-- 张先生 may be anybody of them: only who has a full name is somebody else
named_people as (

    select
        identified.entity_id as person_id,
        min(names.surname_key) as surname_key
    from identified
    inner join person_records on identified.record_key = person_records.record_key
    inner join names on person_records.known_as = names.raw_name
    group by identified.entity_id

),

keys as (

    select
        record_key,
        case
            when identifier_type = 'email' then 'email'
            when identifier_kind = 'landline' then 'landline'
            else 'phone'
        end as channel,
        identifier as value
    from identifiers
    -- an extension is a desk
    where identifier_kind is distinct from 'extension'

    union all by name

    select
        record_key,
        'address' as channel,
        city_key || '|' || rest_key as value
    from facts
    -- 文一路88号 is a house of many, 文一路88-3-1201 a home
    where length(number_key) > 2

),

carried as (

    select distinct
        identified.entity_id as person_id,
        keys.channel,
        keys.value
    from keys
    inner join identified on keys.record_key = identified.record_key
    where keys.value is not null

),

-- many share a switchboard, a dormitory, an office
shared as (

    select
        channel,
        value
    from carried
    group by channel, value
    having count(*) between 2 and {{ var('identity_household_cap') }}

),

household_keys as (

    select
        carried.person_id,
        carried.channel,
        carried.value,
        named_people.surname_key
    from carried
    inner join shared on carried.channel = shared.channel and carried.value = shared.value
    inner join named_people on carried.person_id = named_people.person_id

)

select * from household_keys
