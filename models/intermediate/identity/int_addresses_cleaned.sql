-- One row per spelling of an address, in one form of its letters, digits and signs.
{#- what is meant for who delivers there -#}
{%- set notes =
    '[ (（_-]*((放|送到?|交)?(丰巢柜?|菜鸟驿站|快递柜|驿站|门卫|前台|门口|传达室)(代收)?'
    ~ '|(送货|派送|派件)?前?请?提?前?(打|致)?电话(联系)?|(工作日|周末)(送货|派送|收货)|自提)[)）]*$'
%}
with

person_records as (

    select * from {{ ref('int_person_records_renewed') }}

),

company_records as (

    select * from {{ ref('int_company_records_renewed') }}

),

raw_addresses as (

    select address as raw_address from person_records
    where address is not null
    union by name
    select address as raw_address from company_records
    where address is not null

),

plain as (

    select
        raw_address,
        {{ plain_text(regexp_replaced('raw_address', '[\\n\\r]+', ', ')) }} as plain_address
    from raw_addresses

),

cleaned as (

    select
        raw_address,
        {{ has_han('plain_address') }} as is_han,
        case
            -- 上海市 浦东新区，张江路 88 号 has its blanks wherever somebody liked one
            when {{ has_han('plain_address') }}
                then {{ regexp_replaced(
                    regexp_replaced(
                        'lower(plain_address)', '[\\s,，。;；、]|^(中国|中华人民共和国)|(邮编|邮政编码)[:：]?'
                    ),
                    notes
                ) }}
            else
                {{ regexp_replaced(
                    regexp_replaced(unaccented('plain_address'), "[''’`]"), '[^\\p{L}\\p{N},/-]+', ' '
                ) }}
        end as address
    from plain

)

select * from cleaned
