-- One row per spelling of a Chinese address, parted into province, city, district and the rest.
{%- set street = '^[东西南北中]?[一二三四]?[路街道巷]' %}

with

addresses as (

    select *
    from {{ ref('int_addresses_cleaned') }}
    where is_han

),

regions as (

    select * from {{ ref('regions') }}

),

provinces as (

    select *
    from regions
    where region = province

),

-- 200120 stands in front or at the end
posted as (

    select
        raw_address,
        regexp_extract(address, '[^0-9]([0-9]{6})$', 1)
        || regexp_extract(address, '^([0-9]{6})[^0-9]', 1) as postcode,
        {{ regexp_replaced('address', '^[0-9]{6}([^0-9])|([^0-9])[0-9]{6}$', '\\1\\2') }} as address
    from addresses

),

-- 上海路 is a street of another city
found_provinces as (

    select
        posted.raw_address,
        provinces.province
    from posted
    inner join provinces on left(posted.address, 2) = left(provinces.region, 2)
    where
        starts_with(posted.address, provinces.region)
        and not {{ regexp_matches(
            'substr(posted.address, length(provinces.region) + 1)', street
        ) }}

),

provinced as (

    select
        posted.raw_address,
        posted.postcode,
        found_provinces.province,
        case
            when found_provinces.province is null then posted.address
            else {{ regexp_replaced(
                'substr(posted.address, length(found_provinces.province) + 1)',
                '^(省|市|(壮族|回族|维吾尔)?自治区|特别行政区)'
            ) }}
        end as address
    from posted
    left outer join found_provinces on posted.raw_address = found_provinces.raw_address

),

found_cities as (

    select
        provinced.raw_address,
        regions.region,
        regions.province
    from provinced
    inner join regions on left(provinced.address, 2) = left(regions.region, 2)
    where
        starts_with(provinced.address, regions.region)
        and not {{ regexp_matches(
            'substr(provinced.address, length(regions.region) + 1)', street
        ) }}

),

-- Beijing is province and city in one; whoever leaves the province out means the city's
citied as (

    select
        provinced.raw_address,
        provinced.postcode,
        coalesce(provinced.province, found_cities.province) as province,
        coalesce(
            found_cities.region,
            case
                when provinced.province in ('北京', '天津', '上海', '重庆', '香港', '澳门')
                    then provinced.province
            end
        ) as city,
        substr(provinced.address, coalesce(length(found_cities.region), 0) + 1) as address
    from provinced
    left outer join found_cities on provinced.raw_address = found_cities.raw_address

),

-- 青岛市南区 is the district 市南区, whose 市 isn't the city's
unsuffixed as (

    select
        raw_address,
        postcode,
        province,
        city,
        case
            when
                city in ('青岛', '济南', '枣庄', '内江', '乐山')
                and {{ regexp_matches('address', '^市[南北中]区') }}
                then address
            else {{ regexp_replaced('address', '^(市辖区|市|地区|盟|(..族)*自治州)') }}
        end as address
    from citied

),

districted as (

    select
        raw_address,
        postcode,
        province,
        city,
        address,
        regexp_extract(
            address,
            '^(市[南北中]区|[^0-9a-z路街道市]{1,6}?(?:区|县|旗)|[^0-9a-z路街道]{2,6}?市)',
            1
        ) as place
    from unsuffixed

),

parted as (

    select
        raw_address,
        postcode,
        province,
        city,
        case when not {{ regexp_matches('place', '[小社]区$') }} then place else '' end as district,
        address
    from districted

),

-- 88号3栋1201室, 88号3幢1201 and 88-3-1201 are one door, 12楼1201 has its floor twice; a new name
-- begins a new part
numbered as (

    select
        raw_address,
        nullif(postcode, '') as postcode,
        province,
        city,
        nullif(district, '') as district,
        {{ regexp_replaced(
            regexp_replaced(
                regexp_replaced(
                    regexp_replaced(
                        regexp_replaced(
                            'substr(address, length(district) + 1)',
                            '[0-9]{1,2}(?:楼|层)([0-9]{3,4})',
                            '\\1'
                        ),
                        '([0-9a-z])(?:号院|号楼|号|弄|栋|幢|座|单元|层|楼|室|房|户|#)',
                        '\\1-'
                    ),
                    '([0-9])(\\p{Han})',
                    '\\1-\\2'
                ),
                '[\\p{P}\\p{S}]+',
                '-'
            ),
            '^-|-$'
        ) }} as rest_key
    from parted

)

select * from numbered
