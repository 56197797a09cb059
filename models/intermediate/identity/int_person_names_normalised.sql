-- One row per spelling of a person's name.
with

person_records as (

    select * from {{ ref('int_person_records_unioned') }}

),

honorifics as (

    select * from {{ ref('honorifics') }}

),

compound_surnames as (

    select * from {{ ref('compound_surnames') }}

),

placeholders as (

    select *
    from {{ ref('placeholders') }}
    where attribute = 'name'

),

raw_names as (

    select full_name as raw_name from person_records
    where full_name is not null
    union by name
    select known_as as raw_name from person_records
    where known_as is not null

),

plain as (

    select
        raw_name,
        {{ has_han('raw_name') }} as is_chinese,
        -- 张 三 is 张三, Mr. John  Smith is mr john smith
        case
            when {{ has_han('raw_name') }}
                then {{ regexp_replaced(plain_text('raw_name'), '[\\s.,，。]|[(].*?[)]') }}
            else
                trim(
                    {{ regexp_replaced(
                        'lower(' ~ plain_text('raw_name') ~ ')', '[(].*?[)]|[\\s.,]+', ' '
                    ) }}
                )
        end as plain_name
    from raw_names

),

-- the titles' spelling with the blank that parts it from a Western name
titles as (

    select
        honorific,
        position,
        leaves,
        case
            when {{ has_han('honorific') }} then honorific
            when position = 'end' then ' ' || honorific
            else honorific || ' '
        end as spelling
    from honorifics

),

places as (

    select distinct
        position,
        length(spelling) as spelling_length
    from titles

),

affixes as (

    select
        plain.raw_name,
        plain.plain_name,
        places.position,
        case
            when places.position = 'end' then right(plain.plain_name, places.spelling_length)
            else left(plain.plain_name, places.spelling_length)
        end as affix
    from plain
    inner join places on length(plain.plain_name) > places.spelling_length

),

titled as (

    select
        affixes.raw_name,
        titles.honorific,
        titles.position
    from affixes
    inner join titles
        on affixes.position = titles.position and affixes.affix = titles.spelling
    -- 李工 is the engineer Li, 李建工 is a name
    where
        titles.leaves = 'anything'
        or length(affixes.plain_name) = length(titles.spelling) + 1
    qualify
        row_number()
            over (
                partition by affixes.raw_name
                order by length(titles.spelling) desc, titles.honorific asc
            )
        = 1

),

untitled as (

    select
        plain.raw_name,
        plain.is_chinese,
        titled.honorific,
        titled.position,
        case
            when titled.position = 'end'
                then
                    trim(
                        left(
                            plain.plain_name,
                            length(plain.plain_name) - length(titled.honorific)
                        )
                    )
            when titled.position = 'start'
                then trim(substr(plain.plain_name, length(titled.honorific) + 1))
            else plain.plain_name
        end as name
    from plain
    left outer join titled on plain.raw_name = titled.raw_name

),

surnamed as (

    select
        untitled.raw_name,
        untitled.is_chinese,
        untitled.name,
        untitled.honorific,
        untitled.position,
        case when compound_surnames.surname is null then 1 else 2 end as surname_length
    from untitled
    left outer join compound_surnames on left(untitled.name, 2) = compound_surnames.surname

),

parsed as (

    select
        surnamed.raw_name,
        -- as it was typed, so that 張三 stays 張三
        case
            when surnamed.is_chinese
                then {{ regexp_replaced('surnamed.raw_name', '[\\s\u3000]|[(（].*?[)）]') }}
            else trim(surnamed.raw_name)
        end as shown,
        surnamed.is_chinese,
        surnamed.name,
        surnamed.honorific,
        surnamed.position,
        surnamed.surname_length,
        placeholders.value is not null as is_placeholder,
        {{ person_name('surnamed.name', 'surnamed.surname_length') }} as parsed_name
    from surnamed
    left outer join placeholders on surnamed.name = placeholders.value

),

normalised as (

    select
        raw_name,
        case
            when is_placeholder or parsed_name['key'] is null then 'none'
            when is_chinese and length(name) > surname_length then 'full'
            when not is_chinese and parsed_name['part_count'] > 1 then 'full'
            else 'part'
        end as name_kind,
        parsed_name['key'] as name_key,
        parsed_name['first_part'] as first_part,
        parsed_name['last_part'] as last_part,
        case
            when honorific is null or length(name) <= surname_length then shown
            when position = 'end' then trim(left(shown, length(shown) - length(honorific)))
            else trim(both ' .' from substr(shown, length(honorific) + 1))
        end as display_name
    from parsed

)

select * from normalised
