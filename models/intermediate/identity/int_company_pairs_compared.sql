-- One row per two profiles of companies, with how far they agree in each respect.
{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key=['record_key', 'other_record_key'],
    touched_by='int_records_recompared',
    touched_key='record_key'
) }}

with

pairs as (

    select *
    from {{ ref('int_pairs_blocked') }}
    where entity_type = 'company'

),

profiles as (

    select *
    from {{ ref('int_company_profiles_pooled') }}
    where
        record_key in (
            select pairs.record_key from pairs
            union by name
            select pairs.other_record_key as record_key from pairs
        )

),

compared as (

    select
        one.record_key,
        other.record_key as other_record_key,
        one.group_key,
        other.group_key as other_group_key,
        case
            when one.name_key is null or other.name_key is null then 0
            -- a branch is another establishment than its parent
            when one.is_branch != other.is_branch then 8
            -- 启润食品 and Qirun Foods
            when {{ has_han('one.name_key') }} != {{ has_han('other.name_key') }}
                then case
                    when one.brand_key != other.brand_key then 11
                    when one.brand_key is null or other.brand_key is null then 11
                    when one.place_key != other.place_key then 11
                    when not {{ shares_value('one.trades', 'other.trades') }} then 11
                    when one.place_key = other.place_key then 12
                    else 13
                end
            when one.name_key = other.name_key and one.region = other.region then 1
            when one.name_key = other.name_key and (one.region is null or other.region is null)
                then 2
            when one.name_key = other.name_key then 3
            when {{ is_name_with_city('one', 'other') }} or {{ is_name_with_city('other', 'one') }}
                then 2
            when one.region != other.region then 7
            -- so are two branches
            when one.is_branch and one.weak_name_key = other.weak_name_key then 8
            -- 华创科技集团 and 华创科技: a group and its company, or one
            when one.weak_name_key = other.weak_name_key then 9
            -- Fund II and Fund III differ at the end
            when
                not {{ has_han('one.name_key') }}
                and length(one.name_key) >= 20
                and right(one.name_key, 3) = right(other.name_key, 3)
                and {{ is_slip('one.name_key', 'other.name_key') }}
                then 10
            when
                not {{ has_han('one.name_key') }}
                and (
                    (
                        jaro_winkler_similarity(one.name_key, other.name_key) >= 0.94
                        -- sisters have a long beginning in common: Kent Motors, Kent Foods
                        and {{ is_within('one.name_key', 'other.name_key', 2) }}
                    )
                    or (
                        length(one.name_key) >= 10
                        and {{ is_slip('one.name_key', 'other.name_key') }}
                    )
                )
                then 4
            -- 华创电子, and 华创电孑, which is no trade
            when
                {{ has_han('one.name_key') }}
                and (one.trades is null) != (other.trades is null)
                and left(one.name_key, 2) = left(other.name_key, 2)
                and {{ is_slip_of_character('one.name_key', 'other.name_key') }}
                then 10
            when
                {{ has_han('one.name_key') }}
                and length(one.name_key) >= 5
                and {{ is_slip_of_character('one.name_key', 'other.name_key') }}
                then 5
            -- 华创 or its group, and 华创科技
            when
                starts_with(one.name_key, other.weak_name_key)
                or starts_with(other.name_key, one.weak_name_key)
                then 6
            else 7
        end as name_level,
        case
            -- the older tax number in the credit code, and a VAT number without its country
            when
                one.weak_tax_id = other.weak_tax_id
                and not {{ is_of_another_country('one.tax_id', 'other.tax_id') }}
                then 1
            when one.tax_id is null or other.tax_id is null then 0
            when {{ is_slip('one.tax_id', 'other.tax_id') }} then 2
            else 3
        end as tax_id_level,
        case
            when {{ shares_value('one.phones', 'other.phones') }} then 1
            when {{ shares_value('one.weak_phones', 'other.weak_phones') }} then 1
            when one.phones is null or other.phones is null then 0
            else 2
        end as phone_level,
        case
            when one.mail_domains is null or other.mail_domains is null then 0
            when {{ shares_value('one.mail_domains', 'other.mail_domains') }} then 1
            else 2
        end as mail_domain_level,
        case
            when one.rest_key = other.rest_key then 1
            when {{ is_part_of_address('one', 'other') }} then 2
            when one.city_key is null or other.city_key is null then 0
            when one.city_key = other.city_key then 3
            else 4
        end as address_level
    from pairs
    inner join profiles as one on pairs.record_key = one.record_key
    inner join profiles as other on pairs.other_record_key = other.record_key

)

select * from compared
