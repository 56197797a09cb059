-- One row per two records that are surely of one person, and the rule that says so.
{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='record_key',
    touched_by='int_records_rematched'
) }}

with

named_keys as (

    select *
    from {{ ref('int_person_keys_named') }}
    where
        {{ touched(
            '(identifier_type, identifier)',
            'int_identifiers_met',
            '(identifier_type, identifier)'
        ) }}

),

shared_identifiers as (

    select * from {{ ref('int_person_identifiers_shared') }}

),

crm_links as (

    select *
    from {{ ref('int_crm_records_anchored') }}
    where entity_type = 'person' and not is_compared_alone

),

-- a switchboard or a shared mailbox says nothing of who called
keys as (

    select
        named_keys.record_key,
        named_keys.identifier_type,
        named_keys.identifier,
        named_keys.identifier_kind,
        named_keys.name_kind,
        named_keys.name_key,
        named_keys.first_part,
        named_keys.last_part,
        named_keys.generation,
        named_keys.sex,
        named_keys.national_id,
        named_keys.birth_year,
        named_keys.han_key
    from named_keys
    left outer join shared_identifiers
        on
            named_keys.identifier_type = shared_identifiers.identifier_type
            and named_keys.identifier = shared_identifiers.identifier
    where shared_identifiers.identifier is null

),

-- the same resident ID, whatever the names
same_resident_id as (

    select
        record_key,
        min(record_key) over (partition by identifier) as other_record_key,
        'same national_id' as rule
    from keys
    where identifier_type = 'national_id'

),

shared as (

    select *
    from keys
    where identifier_type != 'national_id'

),

full_names as (

    select *
    from shared
    where name_kind = 'full'

),

bearers as (

    select
        identifier_type,
        identifier,
        name_key,
        min(record_key) as record_key,
        -- of a name in both orders both parts
        min(first_part) as first_part,
        max(last_part) as last_part,
        min(sex) as sex,
        min(national_id) as national_id,
        min(birth_year) as birth_year,
        bool_or(han_key is not null) as is_han,
        -- father and son of one name: who it is, a resident ID, a birth date or a Jr. says
        coalesce(min(national_id) = max(national_id), true)
        and coalesce(min(generation) = max(generation), true)
        and coalesce(max(birth_year) - min(birth_year), 0) <= 2 as is_one_person,
        -- 王伟 and 王维 sound alike
        coalesce(min(han_key) = max(han_key), true) as is_of_one_spelling
    from full_names
    group by identifier_type, identifier, name_key

),

-- the same identifier and the same full name
same_name as (

    select
        full_names.record_key,
        bearers.record_key as other_record_key,
        'same ' || full_names.identifier_type || ' and name' as rule
    from full_names
    inner join bearers
        on
            full_names.identifier_type = bearers.identifier_type
            and full_names.identifier = bearers.identifier
            and full_names.name_key = bearers.name_key
    where bearers.is_one_person and bearers.is_of_one_spelling

),

same_written_name as (

    select
        full_names.record_key,
        min(full_names.record_key)
            over (
                partition by full_names.identifier_type, full_names.identifier, full_names.han_key
            )
            as other_record_key,
        'same ' || full_names.identifier_type || ' and name' as rule
    from full_names
    inner join bearers
        on
            full_names.identifier_type = bearers.identifier_type
            and full_names.identifier = bearers.identifier
            and full_names.name_key = bearers.name_key
    where
        bearers.is_one_person
        and not bearers.is_of_one_spelling
        and full_names.han_key is not null

),

-- 张先生, or no name at all: one of those who have that identifier, if there is only one
part_names as (

    select *
    from shared
    -- behind a land line there is an office or a family
    where name_kind != 'full' and identifier_kind is distinct from 'landline'

),

candidates as (

    select
        part_names.record_key,
        part_names.identifier_type,
        bearers.record_key as other_record_key,
        bearers.name_key,
        bearers.is_one_person,
        coalesce(part_names.national_id = bearers.national_id, true)
        and coalesce(abs(part_names.birth_year - bearers.birth_year) <= 2, true)
        and (
            part_names.name_kind = 'none'
            or part_names.name_key = bearers.name_key
            -- 王芳 calls herself Angel as well
            or (
                bearers.is_han
                and part_names.han_key is null
                and part_names.first_part = part_names.last_part
                and not {{ is_pinyin('part_names.first_part') }}
            )
            or (
                -- Mr Davis isn't Nancy Davis
                coalesce(part_names.sex = bearers.sex, true)
                and part_names.last_part in (bearers.first_part, bearers.last_part)
                -- A. Smith isn't Joseph Smith
                and (
                    length(part_names.first_part) > 1
                    or part_names.first_part
                    in (left(bearers.first_part, 1), left(bearers.last_part, 1))
                )
            )
        ) as is_compatible
    from part_names
    inner join bearers
        on
            part_names.identifier_type = bearers.identifier_type
            and part_names.identifier = bearers.identifier

),

compatible as (

    select
        record_key,
        identifier_type,
        other_record_key,
        is_one_person,
        min(name_key) over (partition by record_key)
        = max(name_key) over (partition by record_key) as is_of_one_name
    from candidates
    where is_compatible

),

only_bearer as (

    select
        record_key,
        other_record_key,
        'same ' || identifier_type || ', and nobody else has it' as rule
    from compatible
    where is_of_one_name and is_one_person

),

-- two of those for whom there is nobody; a unionid is one account of one human being
same_part_of_name as (

    select
        record_key,
        min(record_key)
            over (
                partition by
                    identifier_type,
                    identifier,
                    case when identifier_type != 'wechat_unionid' then coalesce(name_key, '') end
            )
            as other_record_key,
        'same ' || identifier_type || ' and part of a name' as rule
    from part_names
    where
        identifier_type = 'wechat_unionid'
        or record_key not in (select candidates.record_key from candidates)

),

unioned as (

    select * from same_resident_id
    union all by name
    select * from same_name
    union all by name
    select * from same_written_name
    union all by name
    select * from only_bearer
    union all by name
    select * from same_part_of_name
    union all by name
    select
        record_key,
        other_record_key,
        'same id of ours in the CRM' as rule
    from crm_links

),

matched as (

    select distinct
        record_key,
        other_record_key,
        rule,
        'sure' as strength
    from unioned
    where
        record_key != other_record_key
        and {{ touched('record_key', 'int_records_rematched') }}

)

select * from matched
