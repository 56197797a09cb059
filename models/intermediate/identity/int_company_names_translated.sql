-- One row per spelling of a company's name, as far as it can be read in letters.
{{ config(materialized='incremental', unique_key='raw_name') }}

with

names as (

    select *
    from {{ ref('int_company_names_normalised') }}
    where not is_branch
    {% if is_incremental() %}
        and raw_name not in (select known.raw_name from {{ this }} as known)
    {% endif %}

),

company_trades as (

    select * from {{ ref('company_trades') }}

),

regions as (

    select * from {{ ref('regions') }}

),

trades as (

    select
        trade,
        array_agg(word order by word) as words
    from company_trades
    group by trade

),

han_names as (

    select
        names.raw_name,
        names.weak_name_key,
        regions.pinyin as place_key
    from names
    left outer join regions on names.region = regions.region
    where {{ has_han('names.weak_name_key') }}

),

-- 华创信息科技 is 华创, whose trade is 信息科技
traded as (

    select
        han_names.raw_name,
        trades.trade,
        trades.words
    from han_names
    inner join trades
        on
            -- a join that can be hashed
            right(han_names.weak_name_key, 2) = right(trades.trade, 2)
            and ends_with(han_names.weak_name_key, trades.trade)
    qualify
        row_number() over (partition by han_names.raw_name order by length(trades.trade) desc) = 1

),

han_brands as (

    select
        han_names.raw_name,
        han_names.place_key,
        traded.words as trades,
        left(
            han_names.weak_name_key,
            length(han_names.weak_name_key) - coalesce(length(traded.trade), 0)
        ) as brand
    from han_names
    left outer join traded on han_names.raw_name = traded.raw_name

),

letter_names as (

    select
        raw_name,
        split_part(name_words, ' ', 1) as first_word,
        {{ words_of('name_words') }} as words
    from names
    where not {{ has_han('weak_name_key') }}

),

known as (

    select array_agg(distinct word) as words from company_trades

),

places as (

    select distinct pinyin as place_key from regions

),

-- Shanghai Huachuang Information Technology: what is no place and no trade
letter_brands as (

    select
        letter_names.raw_name,
        places.place_key,
        {{ kept_words('letter_names.words', 'array_contains(known.words, word)') }} as trades,
        {{ joined_words(kept_words(
            'letter_names.words',
            'not array_contains(known.words, word)'
            ~ " and word not in ('group', 'holdings', 'china', 'international', 'new')"
            ~ ' and word is distinct from places.place_key'
        )) }} as brand
    from letter_names
    cross join known
    left outer join places on letter_names.first_word = places.place_key

),

translated as (

    select
        raw_name,
        {{ latin_text('brand') }} as brand_key,
        place_key,
        trades
    from han_brands
    where length(brand) between 2 and 4

    union all by name

    select
        raw_name,
        brand as brand_key,
        place_key,
        case when length(trades) > 0 then trades end as trades
    from letter_brands
    where length(brand) > 3 and {{ is_pinyin('brand') }}

)

select * from translated
