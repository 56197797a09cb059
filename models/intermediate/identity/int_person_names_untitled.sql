-- One row per spelling of a person's name, without the titles around it.
{%- set dots = '([\u3400-\u9fff]{2})[•・‧∙⋅.]' %}
{#- 收货人：王健铭, 张三（采购）, Robert "Bob" Smith, 王芳2, 贾*睿 -#}
{%- set beside =
    '^(收货人|收件人|联系人|负责人|经办人|姓名)[:： ]+'
    ~ '|[(].*?[)]|[\\[].*?[\\]]|【.*?】|[“"].*?[”"]|[0-9_]+|[*].*$'
%}
{#- what a system calls those who gave no name: 用户8037680, wx_219038 -#}
{%- set numbered =
    '^(手机|微信|抖音|淘宝)?(用户|会员|客户|游客|访客)[ _-]*[0-9a-z]*[0-9]{2}[0-9a-z]*$'
    ~ '|^(wx|wxid|weixin|user|guest|member|customer)[ _-]*[0-9a-z]*[0-9]{2}[0-9a-z]*$'
%}

with

person_records as (

    select * from {{ ref('int_person_records_renewed') }}

),

honorifics as (

    select * from {{ ref('honorifics') }}

),

compound_surnames as (

    select *
    from {{ ref('chinese_surnames') }}
    where length(surname) = 2

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
        {{ plain_text('raw_name') }} as plain_name
    from raw_names

),

-- XuMingfei has a surname
bare as (

    select
        raw_name,
        plain_name,
        case
            when {{ regexp_matches('lower(plain_name)', numbered) }} then ''
            when
                {{ regexp_matches('plain_name', '^[A-Z][a-z]+[A-Z][a-z]+$') }}
                and {{ is_pinyin('lower(plain_name)') }}
                then {{ regexp_replaced('plain_name', '([a-z])([A-Z])', '\\1 \\2') }}
            else trim({{ regexp_replaced('plain_name', beside, ' ') }})
        end as bare_name,
        -- 张 alone is a name, and Jack王 is one in letters
        {{ regexp_matches('plain_name', '[\u3400-\u9fff].*[\u3400-\u9fff]') }}
        or (
            {{ has_han('plain_name') }}
            and not {{ regexp_matches('plain_name', '[A-Za-z]') }}
        ) as is_han
    from plain

),

-- 张 三 is 张三; what parts the names of some peoples, 阿卜杜拉·买买提, comes in many forms
han_names as (

    select
        raw_name,
        plain_name,
        trim(
            both '·' from {{ regexp_replaced(
                regexp_replaced(
                    regexp_replaced('bare_name', dots, '\\1·'),
                    '^([\u3400-\u9fff]{2,}) ([\u3400-\u9fff]{3,})$',
                    '\\1·\\2'
                ),
                '[^\u3400-\u9fff\U00020000-\U0003ffff〇·]'
            ) }}
        ) as name
    from bare
    where is_han

),

endings as (

    select
        han_names.raw_name,
        honorifics.honorific,
        honorifics.sex,
        trim(
            both '·'
            from left(han_names.name, length(han_names.name) - length(honorifics.honorific))
        ) as name
    from han_names
    inner join honorifics
        on
            -- a join that can be hashed: nearly no name ends like a title
            right(han_names.name, 1) = right(honorifics.honorific, 1)
            and ends_with(han_names.name, honorifics.honorific)
    where honorifics.position = 'end'

),

-- 李工 is the engineer Li, 李建工 is a name, 李建业工 is the engineer again; 总经理 is nobody
longest_endings as (

    select
        endings.raw_name,
        endings.honorific,
        endings.sex,
        endings.name
    from endings
    inner join honorifics on endings.honorific = honorifics.honorific
    where
        honorifics.leaves = 'anything'
        -- 李董 is a director, 小董 is a Dong
        or (length(endings.name) = 1 and not {{ regexp_matches('endings.name', '[小老阿]') }})
        or endings.name in (select compound_surnames.surname from compound_surnames)
        or (
            honorifics.leaves = 'a name'
            and length(endings.name) = 3
            and left(endings.name, 2) not in (
                select compound_surnames.surname from compound_surnames
            )
        )
    qualify
        row_number()
            over (
                partition by endings.raw_name
                order by length(endings.honorific) desc, endings.honorific asc
            )
        = 1

),

ended as (

    select
        han_names.raw_name,
        han_names.plain_name,
        longest_endings.honorific as ending,
        longest_endings.sex,
        coalesce(longest_endings.name, han_names.name) as name
    from han_names
    left outer join longest_endings on han_names.raw_name = longest_endings.raw_name

),

-- 小王, 尊敬的张三
begun as (

    select
        ended.raw_name,
        honorifics.honorific
    from ended
    inner join honorifics
        on
            left(ended.name, 1) = left(honorifics.honorific, 1)
            and starts_with(ended.name, honorifics.honorific)
    where
        honorifics.position = 'start'
        and (
            honorifics.leaves = 'anything'
            or length(ended.name) = length(honorifics.honorific) + 1
        )

),

untitled_han as (

    select
        ended.raw_name,
        ended.plain_name,
        'han' as script,
        ended.sex,
        ended.ending,
        begun.honorific as beginning,
        {{ regexp_replaced(
            'ended.raw_name',
            '^(收货人|收件人|联系人|负责人|经办人|姓名)[:：]|[\\s\u3000_/|-]|[(（].*?[)）]'
        ) }} as shown_name,
        nullif(substr(ended.name, coalesce(length(begun.honorific), 0) + 1), '') as name
    from ended
    left outer join begun on ended.raw_name = begun.raw_name

),

-- Smith Jr., John: the comma says which is the surname, so it is a word; Jack王 is Jack 王
spaced as (

    select
        raw_name,
        plain_name,
        bare_name,
        trim(
            {{ regexp_replaced(
                regexp_replaced('bare_name', '[ ,;/&]*[,;/&][ ,;/&]*', ' , '),
                '([\u3400-\u9fff])',
                ' \\1 '
            ) }}
        ) as spaced_name
    from bare
    where not is_han

),

worded as (

    select
        raw_name,
        plain_name,
        bare_name,
        {{ words_of('spaced_name') }} as words,
        split_part(spaced_name, ' ', 1) as first_word,
        {{ regexp_replaced('spaced_name', '^.* ') }} as last_word
    from spaced

),

titles as (

    select
        array_agg(honorific) filter (where position = 'start') as beginnings,
        array_agg(honorific) filter (where position = 'end') as endings,
        array_agg(honorific) filter (where sex = 'm') as male,
        array_agg(honorific) filter (where sex = 'f') as female
    from honorifics

),

-- Prof. Dr. Hans Weber MBA, and Weber, Dr. Hans
judged as (

    select
        worded.raw_name,
        worded.plain_name,
        worded.bare_name,
        {{ kept_words(
            'worded.words',
            "not ("
            ~ "array_contains(titles.beginnings, replace(lower(word), '.', ''))"
            ~ " and (word != worded.last_word or ends_with(word, '.')"
            ~ " or worded.first_word = worded.last_word)"
            ~ " or array_contains(titles.endings, replace(lower(word), '.', ''))"
            ~ " and word != worded.first_word"
            ~ ")"
        ) }} as words,
        {{ kept_words(
            'worded.words', "array_contains(titles.male, replace(lower(word), '.', ''))"
        ) }} as male_titles,
        {{ kept_words(
            'worded.words', "array_contains(titles.female, replace(lower(word), '.', ''))"
        ) }} as female_titles
    from worded
    cross join titles

),

untitled_letters as (

    select
        raw_name,
        plain_name,
        'letters' as script,
        case
            when length(male_titles) > 0 then 'm'
            when length(female_titles) > 0 then 'f'
        end as sex,
        trim(raw_name) as shown_name,
        nullif(
            trim(both ' ,' from replace({{ joined_words('words', ' ') }}, ' , ', ', ')), ''
        ) as name,
        nullif(
            regexp_extract(lower(bare_name), '[ ,](jr|sr|ii|iii|iv)[.]?($|[ ,])', 1), ''
        ) as generation
    from judged

),

unioned as (

    select * from untitled_han
    union all by name
    select * from untitled_letters

),

untitled as (

    select
        raw_name,
        plain_name,
        shown_name,
        script,
        name,
        beginning,
        ending,
        sex,
        generation
    from unioned

)

select * from untitled
