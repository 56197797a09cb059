-- One row per spelling of a person's name in letters, parted into surname and given name.
{%- set particles = [
    'van', 'von', 'vom', 'zu', 'de', 'del', 'della', 'di', 'da', 'dal', 'dos', 'das', 'du',
    'le', 'la', 'ter', 'ten', 'der', 'den', 'bin', 'ibn', 'binti', 'bint', 'al', 'el', 'abu', 'st'
] | join('|') %}

with

names as (

    select *
    from {{ ref('int_person_names_untitled') }}
    where script = 'letters' and name is not null

),

surnames as (

    select * from {{ ref('chinese_surnames') }}

),

readings as (

    select
        pinyin,
        bool_or(is_common) as is_common
    from surnames
    group by pinyin

),

-- O'Brien is obrien, Smith-Jones one word, J.R. two; Lü is typed lv, and lyu in passports
lowered as (

    select
        raw_name,
        {{ regexp_matches('name', '^[A-Z]{2,}[ ,].*[a-z]') }} as is_first_shouted,
        {{ regexp_matches('name', '[a-z].* [A-Z]{2,}$') }} as is_last_shouted,
        {{ regexp_replaced(
            regexp_replaced(
                regexp_replaced('lower(name)', '\\b([a-z])[.]', '\\1 '), "[''’`´.]"
            ),
            '(^|[ ,-])([ln])(ü|yu)(e?)($|[ ,-])',
            '\\1\\2v\\4\\5'
        ) }} as lowered_name
    from names

),

spelled as (

    select
        raw_name,
        is_first_shouted,
        is_last_shouted,
        trim(
            {{ regexp_replaced(
                regexp_replaced(
                    'case when ' ~ has_han('lowered_name') ~ ' then ' ~ latin_text('lowered_name')
                    ~ ' else ' ~ unaccented('lowered_name') ~ ' end',
                    '[-‐‑]'
                ),
                '[^\\p{L},]+',
                ' '
            ) }}
        ) as spelling
    from lowered

),

-- Petit B and Petit Anne B: no surname has one letter
turned as (

    select
        raw_name,
        is_first_shouted,
        is_last_shouted,
        case
            when is_first_shouted or {{ regexp_matches('spelling', '^(' ~ particles ~ ') ') }}
                then spelling
            else
                {{ regexp_replaced(
                    'spelling', '^(\\p{L}{2,}) ((\\p{L}{2,} )?\\p{L})$', '\\2 \\1'
                ) }}
        end as spelling
    from spelled

),

split as (

    select
        raw_name,
        is_first_shouted,
        is_last_shouted,
        trim(replace(spelling, ',', ' ')) as spelling,
        contains(spelling, ',') as has_comma,
        trim(split_part(spelling, ',', 1)) as before_comma,
        trim(split_part(spelling, ',', 2)) as after_comma,
        split_part(spelling, ' ', 1) as first_word,
        {{ regexp_replaced('spelling', '^.* ') }} as last_word,
        {{ is_pinyin("replace(spelling, ',', ' ')") }} as is_pinyin
    from turned
    where {{ regexp_matches('spelling', '\\p{L}') }}

),

-- which end the surname stands at: a Chinese name may have it at either
placed as (

    select
        split.raw_name,
        split.spelling,
        split.before_comma,
        split.after_comma,
        split.first_word,
        split.last_word,
        split.is_pinyin,
        case
            when not contains(split.spelling, ' ') then 'nowhere'
            when split.has_comma then 'comma'
            when split.is_first_shouted then 'first'
            when split.is_last_shouted then 'last'
            when not split.is_pinyin then 'particle'
            when
                first_readings.pinyin is not null
                and (
                    last_readings.pinyin is null
                    or first_readings.is_common and not last_readings.is_common
                )
                then 'first'
            when
                last_readings.pinyin is not null
                and (
                    first_readings.pinyin is null
                    or last_readings.is_common and not first_readings.is_common
                )
                then 'last'
            when first_readings.pinyin is null then 'particle'
            -- Li Jiang
            else 'either'
        end as surname_place
    from split
    left outer join readings as first_readings on split.first_word = first_readings.pinyin
    left outer join readings as last_readings on split.last_word = last_readings.pinyin

),

parted as (

    select
        raw_name,
        is_pinyin,
        {{ words_of('spelling') }} as words,
        case
            when surname_place = 'comma' then before_comma
            when surname_place = 'first' then first_word
            when surname_place = 'last' then last_word
            when surname_place = 'particle'
                then regexp_extract(spelling, '^(.+?) (({{ particles }}) .+|[^ ]+)$', 2)
        end as surname,
        case
            when surname_place = 'comma' then after_comma
            when surname_place = 'first' then substr(spelling, length(first_word) + 2)
            when surname_place = 'last'
                then left(spelling, length(spelling) - length(last_word) - 1)
            when surname_place = 'particle'
                then regexp_extract(spelling, '^(.+?) (({{ particles }}) .+|[^ ]+)$', 1)
        end as given
    from placed

),

-- a middle initial is seldom typed twice
kept as (

    select
        raw_name,
        is_pinyin,
        words,
        surname,
        given,
        {{ kept_words('words', 'length(word) > 1') }} as long_words,
        {{ joined_words(kept_words(words_of('given'), 'length(word) > 1')) }} as long_given
    from parted

),

-- L van Dyke has one name and an initial
counted as (

    select
        *,
        length(long_words) > 1 and coalesce(long_given != '', true) as has_two_names
    from kept

),

respelled as (

    select
        raw_name,
        is_pinyin,
        replace(surname, ' ', '') as surname,
        case when long_given != '' then long_given else replace(given, ' ', '') end as given,
        split_part(given, ' ', 1) as first_given,
        -- 김철수 and やまだたろう have no blank
        has_two_names
        or {{ regexp_matches('words[1]', '^[\u3040-\u30ff\uac00-\ud7af]{3,}$') }} as is_full,
        case
            when has_two_names then {{ joined_words('long_words', ' ') }}
            else {{ joined_words('words', ' ') }}
        end as spelling
    from counted

)

select * from respelled
