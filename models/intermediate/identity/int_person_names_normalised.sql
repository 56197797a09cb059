-- One row per spelling of a person's name.
{{ config(materialized='incremental', unique_key='raw_name') }}

with

untitled as (

    select * from {{ ref('int_person_names_untitled') }}

),

han_names as (

    select * from {{ ref('int_han_names_parted') }}

),

letter_names as (

    select * from {{ ref('int_letter_names_parted') }}

),

variants as (

    select * from {{ ref('given_name_variants') }}

),

-- Rose may be short for Rosemary, or all of the name
meant_names as (

    select
        variant,
        given_name
    from variants
    union by name
    select
        variant,
        variant as given_name
    from variants

),

-- Chris may be Christopher or Christina
given_name_variants as (

    select
        variant,
        array_agg(given_name order by given_name) as given_names,
        case
            when count(*) = 2 then min(given_name) filter (where given_name != variant)
        end as only_given_name
    from meant_names
    group by variant

),

given_name_sexes as (

    select * from {{ ref('given_name_sexes') }}

),

placeholders as (

    select *
    from {{ ref('placeholders') }}
    where attribute = 'name'

),

parted as (

    select
        raw_name,
        written,
        surname,
        given,
        spelling,
        is_full,
        null as first_given
    from han_names

    union all by name

    select
        raw_name,
        null as written,
        surname,
        given,
        spelling,
        is_full,
        -- Bob and Robert are one; Bo and Po aren't
        case when not is_pinyin and length(first_given) > 1 then first_given end as first_given
    from letter_names

),

closed_up as (

    select
        raw_name,
        is_full,
        surname,
        given,
        first_given,
        written,
        spelling,
        -- a name of a thousand letters has a million letters of rotations
        left(replace(spelling, ' ', ''), 60) as letters
    from parted

),

keyed as (

    select
        raw_name,
        is_full,
        surname,
        given,
        first_given,
        written,
        {{ least_rotation('letters') }} as name_key,
        split_part(spelling, ' ', 1) as first_part,
        {{ regexp_replaced('spelling', '^.* ') }} as last_part,
        {{ joined_words('array_sort(' ~ words_of('spelling') ~ ')', ' ') }} as name_words
    from closed_up

),

normalised as (

    select
        untitled.raw_name,
        keyed.name_key,
        keyed.first_part,
        keyed.last_part,
        keyed.surname as surname_key,
        keyed.given as given_key,
        keyed.name_words,
        untitled.generation,
        untitled.sex,
        given_name_sexes.sex as given_sex,
        case
            when placeholders.value is not null or keyed.name_key is null then 'none'
            when keyed.is_full then 'full'
            else 'part'
        end as name_kind,
        -- as it was typed, so that 張三 stays 張三
        case
            when not coalesce(keyed.is_full, false) then untitled.shown_name
            when untitled.script = 'letters' then untitled.name
            else
                substr(
                    untitled.shown_name,
                    coalesce(length(untitled.beginning), 0) + 1,
                    length(untitled.shown_name)
                    - coalesce(length(untitled.beginning), 0)
                    - coalesce(length(untitled.ending), 0)
                )
        end as display_name,
        coalesce(keyed.written, keyed.name_words) as written_key,
        case
            when keyed.surname is not null and keyed.first_given is not null
                then {{ changed_words(
                    'coalesce(given_name_variants.given_names, [keyed.first_given])',
                    "word || ' ' || keyed.surname"
                ) }}
        end as nickname_keys
    from untitled
    left outer join keyed on untitled.raw_name = keyed.raw_name
    left outer join given_name_variants on keyed.first_given = given_name_variants.variant
    left outer join given_name_sexes
        on
            coalesce(
                case
                    when given_name_variants.variant is null then keyed.first_given
                    else given_name_variants.only_given_name
                end,
                case
                    when keyed.is_full and keyed.surname is not null then right(keyed.written, 1)
                end
            )
            = given_name_sexes.given_name
    left outer join placeholders on lower(untitled.plain_name) = placeholders.value

)

select * from normalised
