-- One row per person and attribute: the value that survived, where it came from and by what rule.
with

identified as (

    select
        record_key,
        entity_id as person_id
    from {{ ref('int_records_identified') }}
    where entity_type = 'person'

),

person_records as (

    select * from {{ ref('int_person_records_unioned') }}

),

names as (

    select * from {{ ref('int_person_names_normalised') }}

),

identifiers as (

    select * from {{ ref('int_person_identifiers_keyed') }}

),

rules as (

    select *
    from {{ ref('survivorship_rules') }}
    where entity_type = 'person'

),

source_trust as (

    select *
    from {{ ref('source_trust') }}
    where entity_type = 'person'

),

-- quality: 2 is good, 1 is better than nothing
name_values as (

    select
        person_records.record_key,
        'full_name' as attribute,
        names.display_name as value,
        case when names.name_kind = 'full' then 2 else 1 end as quality
    from person_records
    inner join names on person_records.full_name = names.raw_name
    where names.name_kind != 'none'

),

identifier_values as (

    select
        record_key,
        case when identifier_type = 'phone' then 'mobile' else identifier_type end as attribute,
        identifier as value,
        case when is_key then 2 else 1 end as quality
    from identifiers
    where
        (is_key and (identifier_type != 'phone' or identifier_kind = 'mobile'))
        or reason = 'mailbox of a role'

),

birth_date_values as (

    -- the resident ID has it with a check digit
    select
        record_key,
        'birth_date' as attribute,
        substr(identifier, 7, 4) || '-' || substr(identifier, 11, 2) || '-'
        || substr(identifier, 13, 2) as value,
        2 as quality
    from identifiers
    where identifier_type = 'national_id' and is_key

    union all by name

    select
        record_key,
        'birth_date' as attribute,
        cast(birth_date as varchar) as value,
        1 as quality
    from person_records

),

typed_values as (

    select
        record_key,
        attribute,
        value,
        2 as quality
    from person_records
    unpivot (value for attribute in (title, city, address))

),

unioned as (

    select * from name_values
    union all by name
    select * from identifier_values
    union all by name
    select * from birth_date_values
    union all by name
    select * from typed_values

),

survived as (

    select
        identified.person_id,
        unioned.attribute,
        unioned.value,
        unioned.record_key,
        person_records.source_system,
        rules.rule
    from unioned
    inner join identified on unioned.record_key = identified.record_key
    inner join person_records on unioned.record_key = person_records.record_key
    inner join rules on unioned.attribute = rules.attribute
    left outer join source_trust on person_records.source_system = source_trust.source_system
    where unioned.value is not null
    qualify
        row_number()
            over (
                partition by identified.person_id, unioned.attribute
                order by
                    unioned.quality desc,
                    person_records.is_deleted asc,
                    case when rules.rule = 'most_trusted_source' then source_trust.trust end
                    asc nulls last,
                    case when rules.rule = 'most_complete' then length(unioned.value) end
                    desc nulls last,
                    person_records.last_seen_at desc nulls last,
                    source_trust.trust asc nulls last,
                    unioned.record_key asc,
                    unioned.value asc
            )
        = 1

)

select * from survived
