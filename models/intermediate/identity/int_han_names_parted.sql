-- One row per spelling of a person's name in Han characters, parted and spelled in letters.
{#- What spells the names of Uighurs, Tibetans, Mongols and others. -#}
{%- set sounds =
    '[阿艾安巴白拜班别布才仓次措达丹旦德登迪东多敦尔尕嘎格古哈海汗赫呼吉加江金卡凯克库拉兰朗勒'
    ~ '里力丽利林伦罗洛玛马买曼梅蒙米木姆纳娜南尼诺帕平其旗奇强琼热仁日荣茹瑞萨赛桑色沙斯松苏索'
    ~ '塔坦提铁图吐托娃旺维乌吾西希孜扎泽珠卓央依义尤于玉云则]'
%}

with

names as (

    select *
    from {{ ref('int_person_names_untitled') }}
    where script = 'han' and name is not null

),

surnames as (

    select * from {{ ref('chinese_surnames') }}

),

surnamed as (

    select
        names.raw_name,
        names.plain_name,
        names.name,
        names.beginning,
        single_surnames.is_common,
        coalesce(compound_surnames.surname, single_surnames.surname) as surname
    from names
    left outer join surnames as compound_surnames
        on left(names.name, 2) = compound_surnames.surname
    left outer join surnames as single_surnames
        on left(names.name, 1) = single_surnames.surname

),

measured as (

    select
        raw_name,
        name,
        case
            -- 风中的明: what no name has in it
            when {{ regexp_matches('name', '[的我你他她们吗呢吧]') }} then 'a screen name'
            -- A桂英建材: with an A whoever sells something stands first in address books; A张三 too
            when
                {{ regexp_matches('plain_name', '^[Aa]+[^A-Za-z]+$') }}
                and (length(name) > 3 or not coalesce(is_common, false))
                then 'a screen name'
            -- 乐乐妈妈: how parents call themselves
            when {{ regexp_matches('name', '^.{1,2}(爸爸|妈妈|奶奶|爷爷|外婆|外公)$') }}
                then 'a screen name'
            when contains(name, '·') then 'dotted'
            when name = surname and (beginning is null or beginning = '老' or is_common)
                then 'a surname'
            -- 小芳, 若诗
            when length(name) = 1 or length(name) = 2 and surname is null then 'a given name'
            -- 小鱼儿 and 快乐每一天 have no surname, nor spell a name of another language
            when
                surname is null
                and (length(name) > 3 or {{ regexp_matches('name', '^[小大老]') }})
                and length({{ regexp_replaced('name', sounds) }}) * 2 > length(name)
                then 'a screen name'
            -- 买买提江: of a people that has no surnames, or not Chinese
            when length(name) > 2 + length(coalesce(surname, '-')) then 'whole'
            else 'surname first'
        end as form,
        coalesce(surname, left(name, 1)) as first_part
    from surnamed

),

parted as (

    select
        raw_name,
        name,
        case
            when form in ('a surname', 'surname first') then first_part
            -- 阿卜杜拉·买买提
            when form = 'dotted' then {{ regexp_replaced('name', '^[^·]*·') }}
        end as surname,
        case
            when form = 'surname first' then substr(name, length(first_part) + 1)
            when form = 'dotted' then split_part(name, '·', 1)
            when form not in ('a surname', 'a screen name') then name
        end as given,
        form in ('dotted', 'whole', 'surname first') as is_full,
        form = 'dotted' as is_given_first
    from measured

),

-- there are a hundred times fewer parts of names than names
parts as (

    select surname as part from parted
    where surname is not null
    union by name
    select given as part from parted
    where given is not null

),

spelled_parts as (

    select
        part,
        {{ latin_text(regexp_replaced('part', '·')) }} as spelling
    from parts

),

spelled as (

    select
        parted.raw_name,
        parted.name as written,
        spelled_givens.spelling as given,
        parted.is_full,
        parted.is_given_first,
        -- some characters are read otherwise where they are surnames
        coalesce(surnames.pinyin, spelled_surnames.spelling) as surname
    from parted
    left outer join surnames on parted.surname = surnames.surname
    left outer join spelled_parts as spelled_surnames on parted.surname = spelled_surnames.part
    left outer join spelled_parts as spelled_givens on parted.given = spelled_givens.part

),

ordered as (

    select
        raw_name,
        written,
        surname,
        given,
        is_full,
        case
            when is_given_first then given || ' ' || surname
            else concat_ws(' ', surname, given)
        end as spelling
    from spelled

)

select * from ordered
