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

untitled as (

    select
        plain.raw_name,
        plain.is_chinese,
        plain.plain_name,
        honorifics.honorific,
        honorifics.position,
        case
            when honorifics.honorific is null then plain.plain_name
            when honorifics.position = 'end'
                then
                    trim(
                        left(
                            plain.plain_name,
                            length(plain.plain_name) - length(honorifics.honorific)
                        )
                    )
            else trim(substr(plain.plain_name, length(honorifics.honorific) + 1))
        end as name
    from plain
    left outer join honorifics
        on
            case
                when honorifics.position = 'end'
                    then
                        ends_with(
                            plain.plain_name,
                            case when {{ has_han('honorifics.honorific') }} then '' else ' ' end
                            || honorifics.honorific
                        )
                else
                    starts_with(
                        plain.plain_name,
                        honorifics.honorific
                        || case when {{ has_han('honorifics.honorific') }} then '' else ' ' end
                    )
            end
            and (
                honorifics.leaves = 'anything'
                -- 李工 is the engineer Li, 李建工 is a name
                or length(plain.plain_name) = length(honorifics.honorific) + 1
            )
            and length(plain.plain_name) > length(honorifics.honorific)
    qualify
        row_number()
            over (
                partition by plain.raw_name
                order by length(honorifics.honorific) desc nulls last, honorifics.honorific asc
            )
        = 1

),

surnamed as (

    select
        untitled.raw_name,
        untitled.is_chinese,
        untitled.name,
        untitled.honorific,
        untitled.position,
        coalesce(length(compound_surnames.surname), 1) as surname_length
    from untitled
    left outer join compound_surnames
        on starts_with(untitled.name, compound_surnames.surname)
    qualify
        row_number()
            over (
                partition by untitled.raw_name
                order by length(compound_surnames.surname) desc nulls last
            )
        = 1

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
