-- One row per two profiles that were compared, with how far they agree in each respect.
{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key=['record_key', 'other_record_key'],
    touched_by='int_records_recompared',
    touched_key='record_key'
) }}

with

pairs as (

    select *
    from {{ ref('int_pairs_blocked') }}
    where entity_type = 'person'

),

profiles as (

    select *
    from {{ ref('int_person_profiles_pooled') }}
    where
        record_key in (
            select pairs.record_key from pairs
            union by name
            select pairs.other_record_key as record_key from pairs
        )

),

compared as (

    select
        one.record_key,
        other.record_key as other_record_key,
        one.group_key,
        other.group_key as other_group_key,
        case
            when
                coalesce(one.name_kind, 'none') = 'none'
                or coalesce(other.name_kind, 'none') = 'none'
                then 0
            -- what we wrote ourselves may contradict, but never agree
            when one.is_name_ours or other.is_name_ours
                then case when one.name_key = other.name_key then 0 else 11 end
            when one.generation != other.generation then 12
            when
                one.written_key = other.written_key
                and one.name_kind = 'full'
                and other.name_kind = 'full'
                then 1
            when
                one.name_key = other.name_key
                and one.is_han
                and other.is_han
                and one.name_kind = 'full'
                and other.name_kind = 'full'
                then 3
            when
                one.name_key = other.name_key
                and (one.name_kind = 'full' or other.name_kind = 'full')
                then 2
            when
                one.name_kind = 'part'
                or other.name_kind = 'part'
                or one.surname_key is null
                or other.surname_key is null
                then case
                    when {{ shares_initial('one', 'other') }} then 14
                    -- C. Marshall and Charles Marshlal
                    when
                        left(one.given_key, 1) = left(other.given_key, 1)
                        and one.surname_key != other.surname_key
                        and {{ is_slip_of_word('one.surname_key', 'other.surname_key') }}
                        then 8
                    -- H. Sanders isn't J. Sanders
                    when
                        one.surname_key = other.surname_key
                        and one.given_key != other.given_key
                        then 10
                    when
                        {{ is_part_of_name('one', 'other') }}
                        or {{ is_part_of_name('other', 'one') }}
                        -- a household shares its surname, and no given names
                        then case when {{ shares_surname('one', 'other') }} then 8 else 13 end
                    -- 任先生 and 小炎 may be one: nothing is compared
                    when
                        one.is_han
                        and other.is_han
                        and one.name_kind = 'part'
                        and other.name_kind = 'part'
                        and (one.surname_key is null or other.surname_key is null)
                        then 0
                    -- 王芳 calls herself Angel as well
                    when
                        {{ is_other_name('one', 'other') }} or {{ is_other_name('other', 'one') }}
                        then 0
                    when
                        not (one.is_han and other.is_han)
                        and jaro_winkler_similarity(one.name_words, other.name_words) >= 0.92
                        then 5
                    else 11
                end
            when {{ shares_value('one.nickname_keys', 'other.nickname_keys') }} then 4
            when one.is_han and other.is_han
                then case
                    -- 庆华, or somebody called 庆, and 罗庆华
                    when
                        ends_with(one.written_key, other.written_key)
                        or ends_with(other.written_key, one.written_key)
                        then 13
                    when {{ is_like_name('one', 'other') }} then 17
                    when one.surname_key != other.surname_key then 11
                    -- 吕建工 is 吕建, who is an engineer, or called so
                    when
                        one.written_key = other.written_key || '工'
                        or other.written_key = one.written_key || '工'
                        then 7
                    -- 庆华 and 庆, 庆华 and 国华; of 庆 and 国 nothing is left
                    when
                        greatest(length(one.written_given), length(other.written_given)) > 1
                        and {{ is_slip_of_character('one.written_given', 'other.written_given') }}
                        then 6
                    else 10
                end
            -- in pinyin a letter is another name: Shan, Shang, Shuang
            when
                not (one.is_han or other.is_han) and {{ is_slip_of_name('one', 'other') }}
                then 5
            -- 陈芳 isn't Chen Gang
            when
                length(one.name_key) > 6
                and {{ is_slip('one.name_key', 'other.name_key') }}
                and not ({{ is_pinyin('one.name_words') }} and {{ is_pinyin('other.name_words') }})
                then 5
            when
                {{ is_part_of_name('one', 'other') }} or {{ is_part_of_name('other', 'one') }}
                then 7
            when one.given_key = other.given_key then 9
            -- 苏浩 calls himself Kelvin Su as well
            when
                one.surname_key = other.surname_key
                and one.is_han != other.is_han
                and not {{ is_pinyin(
                    'case when one.is_han then other.given_key else one.given_key end'
                ) }}
                then 8
            when one.surname_key = other.surname_key then 10
            when one.is_han or other.is_han then 11
            when {{ is_slip_of_word('one.given_key', 'other.given_key') }} then 15
            when {{ is_slip_of_word('one.surname_key', 'other.surname_key') }} then 16
            else 11
        end as name_level,

        case
            when {{ shares_value('one.phones', 'other.phones') }} then 1
            when {{ shares_value('one.weak_phones', 'other.weak_phones') }} then 2
            when one.phones is null or other.phones is null then 0
            -- people have a desk and a pocket
            when {{ is_mobile('one.phones[1]') }} != {{ is_mobile('other.phones[1]') }} then 0
            -- numbers that follow one another are no slip: they are handed out together
            when
                {{ is_slip('one.phones[1]', 'other.phones[1]') }}
                and abs(ascii(right(one.phones[1], 1)) - ascii(right(other.phones[1], 1))) != 1
                then 3
            else 4
        end as phone_level,

        case
            when {{ shares_value('one.emails', 'other.emails') }} then 1
            when {{ shares_value('one.weak_emails', 'other.weak_emails') }} then 2
            when one.emails is null or other.emails is null then 0
            -- li.wei@ is another Li Wei at each host, li.wei1985@ and 10001010@ are not
            when
                {{ regexp_matches('one.emails[1]', '[0-9][^@]*[0-9][^@]*[0-9].*@') }}
                and split_part(one.emails[1], '@', 1) = split_part(other.emails[1], '@', 1)
                then 3
            -- fingers slip on letters; of two people of one name the digits tell who is who
            when
                length(one.emails[1]) >= 8
                and {{ is_like_email('one.emails[1]', 'other.emails[1]') }}
                and {{ regexp_replaced('one.emails[1]', '[^0-9]') }}
                = {{ regexp_replaced('other.emails[1]', '[^0-9]') }}
                then 4
            -- people write from work and from home
            when (one.work_domains is null) != (other.work_domains is null) then 0
            else 5
        end as email_level,

        case
            when one.unionids is null or other.unionids is null then 0
            when {{ shares_value('one.unionids', 'other.unionids') }} then 1
            else 2
        end as unionid_level,

        case
            when {{ shares_value('one.national_ids', 'other.national_ids') }} then 1
            when {{ shares_value('one.documents', 'other.documents') }} then 3
            when one.national_ids is null or other.national_ids is null then 0
            else 2
        end as national_id_level,

        case
            when one.birth_date is null or other.birth_date is null then 0
            when one.birth_date = other.birth_date then 1
            when
                year(one.birth_date) = year(other.birth_date)
                and month(one.birth_date) = day(other.birth_date)
                and day(one.birth_date) = month(other.birth_date)
                then 2
            when {{ is_slip_of_date('one.birth_date', 'other.birth_date') }} then 3
            when {{ is_generation_apart('one', 'other') }} then 5
            else 4
        end as birth_date_level,

        -- Mr Davis isn't Nancy Davis; that Nancy and Nancy are of one sex says nothing
        case
            when coalesce(one.sex, one.given_sex) != coalesce(other.sex, other.given_sex) then 2
            when one.sex = coalesce(other.sex, other.given_sex) then 1
            when other.sex = one.given_sex then 1
            else 0
        end as sex_level,

        case
            -- a state may be wrong, and so may a suburb; Springfield is in Illinois and elsewhere
            when
                one.province != other.province
                and not coalesce(
                    one.postcode = other.postcode, one.city_key = other.city_key, false
                )
                then 5
            when
                one.city_key != other.city_key
                and not {{ is_slip_of_word('one.city_key', 'other.city_key') }}
                and not coalesce(one.postcode = other.postcode, false)
                -- a suburb is called after its town, and its postcode mistyped
                then case
                    when
                        {{ is_slip('one.postcode', 'other.postcode') }}
                        and {{ is_like_street('one', 'other') }}
                        then 2
                    else 5
                end
            when one.number_key is not null and one.rest_key = other.rest_key then 1
            when {{ is_like_street('one', 'other') }} or {{ is_like_block('one', 'other') }} then 2
            when
                one.number_key is not null
                and other.number_key is not null
                and {{ is_part_of_address('one', 'other') }}
                then 3
            when one.city_key = other.city_key or one.postcode = other.postcode
                then case
                    -- few houses of a postcode have the number: the street is mistyped or left out
                    when
                        one.number_key = other.number_key
                        and one.postcode = other.postcode
                        and not {{ has_han('one.rest_key') }}
                        and not {{ is_same_street('one', 'other') }}
                        then 4
                    -- a long street has many houses; within one postcode the number may be a slip
                    when
                        one.number_key != other.number_key
                        and not {{ is_slip('one.number_key', 'other.number_key') }}
                        and not coalesce(one.postcode = other.postcode, false)
                        then 7
                    when {{ is_same_street('one', 'other') }} then 6
                    when one.number_key is not null and other.number_key is not null then 7
                    else 4
                end
            else 0
        end as address_level,

        case
            when one.company_key is null or other.company_key is null then 0
            when one.company_key = other.company_key then 1
            -- 启润食品 may be Qirun Foods
            when {{ has_han('one.company_key') }} != {{ has_han('other.company_key') }} then 0
            when {{ is_like_employer('one', 'other') }} then 3
            else 2
        end as company_level,

        -- twins part when they are grown; whom letters name goes by any of several given names
        not (one.is_han or other.is_han)
        and year(one.birth_date) <= year({{ as_of() }}) - 30 as is_past_living_with_a_twin
    from pairs
    inner join profiles as one on pairs.record_key = one.record_key
    inner join profiles as other on pairs.other_record_key = other.record_key

)

select * from compared
