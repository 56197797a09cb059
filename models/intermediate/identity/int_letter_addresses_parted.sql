-- One row per spelling of an address in letters, parted into state, city, postcode and the rest.
{%- set states =
    'al|ak|az|ar|ca|co|ct|de|dc|fl|ga|hi|id|il|in|ia|ks|ky|la|me|md|ma|mi|mn|ms|mo|mt|ne|nv|nh|nj|nm'
    ~ '|ny|nc|nd|oh|ok|or|pa|pr|ri|sc|sd|tn|tx|ut|vt|va|wa|wv|wi|wy'
    ~ '|nsw|vic|qld|tas|nt|act|ab|bc|mb|nb|nl|ns|on|pe|qc|sk' %}
{%- set streets =
    '(?:street|st|place|pl|avenue|ave|drive|dr|crescent|cres|close|cl|court|ct|circuit|cct|lane|ln|way'
    ~ '|terrace|tce|parade)' %}

with

addresses as (

    select *
    from {{ ref('int_addresses_cleaned') }}
    where not is_han

),

-- the country is seldom typed twice
homely as (

    select
        raw_address,
        trim(
            both ' ,' from {{ regexp_replaced(
                regexp_replaced('address', '([ ,])(?:d|a|b|f|i|ch|nl)-([0-9]{4,5}) ', '\\1\\2 '),
                '[ ,]+(usa|us|united states( of america)?|uk|united kingdom|england|scotland|wales|ireland'
                ~ '|germany|deutschland|france|australia|canada|austria|switzerland|china|pr china)[ ,]*$'
            ) }}
        ) as address
    from addresses

),

-- 62704-1234, SW1A 1AA, K1A 0B6, 1012 AB; 10115 in front of its city, 4011 of its state
posted as (

    select
        raw_address,
        address,
        coalesce(
            nullif(regexp_extract(address, '\b([a-z]{1,2}[0-9][0-9a-z]? ?[0-9][a-z]{2})$', 1), ''),
            nullif(regexp_extract(address, '\b([a-z][0-9][a-z] ?[0-9][a-z][0-9])$', 1), ''),
            nullif(regexp_extract(address, '\b([0-9]{5})(?:-[0-9]{4})?$', 1), ''),
            nullif(regexp_extract(address, ', *([1-9][0-9]{3} ?[a-z]{2}) [^0-9,]+$', 1), ''),
            nullif(
                regexp_extract(address, '[ ,]([0-9]{4,5})(?: [^0-9,]+|, *(?:{{ states }}))$', 1), ''
            ),
            nullif(
                regexp_extract(address, '[ ,](?:nsw|vic|qld|sa|wa|tas|nt|act),? ([0-9]{4})$', 1),
                ''
            ),
            -- the state left out or mistyped: 12 Queen Street, Auckland 1010
            nullif(regexp_extract(address, '[0-9].*,(?: *| [^0-9,]+ )([0-9]{4})$', 1), ''),
            -- no comma either: 12 Queen Street 1010; of 12 Queen Street Apt 1010 it is the door,
            -- and of a Spanish street alone the house: there it stands behind its street
            case
                when not {{ regexp_matches(
                    'address',
                    '\\b(?:apt|apartment|unit|suite|ste|flat|room|rm|no|box|floor|fl|lot|bldg|building'
                    ~ '|highway|hwy|route|rte|road|rd) [0-9]{4}$'
                ) }}
                    then nullif(regexp_extract(
                        address,
                        '(?:^[0-9]+[a-z]? .*\p{L}{2}[^0-9,]*|\b{{ streets }}\b[^,]*) ([0-9]{4})$',
                        1
                    ), '')
            end
        ) as postcode
    from homely

),

unposted as (

    select
        raw_address,
        replace(postcode, ' ', '') as postcode,
        trim(
            both ' ,' from {{ regexp_replaced(
                "replace(address, coalesce(postcode, '-'), ' ')", '-[0-9]{4}$'
            ) }}
        ) as address,
        -- 66 Sunset Ct isn't in Connecticut, nor 12 5th Ave NE in Nebraska
        postcode is null and {{ regexp_matches('address', '^[^,]+ (ct|ne)$') }} as is_street_alone
    from posted

),

stated as (

    select
        raw_address,
        postcode,
        nullif(regexp_extract(address, '[ ,]({{ states }})$', 1), '') as province,
        trim(both ' ,' from {{ regexp_replaced('address', '[ ,](' ~ states ~ ')$') }}) as address
    from unposted
    where not is_street_alone

    union all by name

    select
        raw_address,
        postcode,
        null as province,
        address
    from unposted
    where is_street_alone

),

-- in Portland, R 97216 the state has lost a letter, which is no city
slipless as (

    select
        raw_address,
        postcode,
        province,
        case
            when province is null
                then {{ regexp_replaced('address', '(,[^,0-9]{3,}), *[a-z]{1,2}$', '\\1') }}
            else address
        end as address
    from stated

),

-- the city stands behind the last comma, which in 113, bd Voltaire is the house's
citied as (

    select
        raw_address,
        postcode,
        province,
        nullif(trim(regexp_extract(address, '\p{L}{2}.*,([^,0-9]+)$', 1)), '') as city,
        {{ regexp_replaced('address', '(\\p{L}{2}.*),[^,0-9]+$', '\\1') }} as address
    from slipless

),

parted as (

    select
        raw_address,
        postcode,
        province,
        replace(replace(city, ' ', ''), '-', '') as city,
        {{ street_words(regexp_replaced('address', '[,/]+', ' ')) }} as rest_key
    from citied

)

select * from parted
