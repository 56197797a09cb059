-- One row per two records that are surely of one company, and the rule that says so.
{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='record_key',
    touched_by='int_records_rematched'
) }}

with

identifiers as (

    select *
    from {{ ref('int_company_identifiers_keyed') }}
    where
        is_key
        and {{ touched(
            '(identifier_type, identifier)',
            'int_identifiers_met',
            '(identifier_type, identifier)'
        ) }}

),

crm_links as (

    select *
    from {{ ref('int_crm_records_anchored') }}
    where entity_type = 'company' and not is_compared_alone

),

tax_ids as (

    select
        record_key,
        identifier as tax_id
    from identifiers
    where identifier_type = 'tax_id'

),

named as (

    select
        identifiers.record_key,
        identifiers.identifier as name_key,
        identifiers.region,
        tax_ids.tax_id
    from identifiers
    left outer join tax_ids on identifiers.record_key = tax_ids.record_key
    where identifiers.identifier_type = 'name'

),

same_tax_id as (

    select
        record_key,
        min(record_key) over (partition by tax_id) as other_record_key,
        'same tax_id' as rule
    from tax_ids

),

-- 上海华创科技 and 华创科技（上海）: the same name at the same place
placed as (

    select
        record_key,
        name_key,
        region,
        tax_id,
        count(distinct tax_id) over (partition by name_key, region) as tax_id_count
    from named

),

same_name as (

    select
        record_key,
        min(record_key)
            over (
                partition by
                    name_key,
                    region,
                    -- two companies of one name: a record without a tax id could be of either
                    case when tax_id_count > 1 then coalesce(tax_id, 'none') end
            )
            as other_record_key,
        'same name' as rule
    from placed

),

-- 华创科技 without a place is the one in Shanghai if there is no other
by_name as (

    select
        name_key,
        min(record_key) filter (where region is null) as record_key,
        min(record_key) filter (where region is not null) as other_record_key
    from named
    group by name_key
    having
        count(distinct region) = 1
        and count(distinct tax_id) <= 1
        and length(name_key) >= 4

),

same_name_without_place as (

    select
        record_key,
        other_record_key,
        'same name, and it is nowhere else' as rule
    from by_name
    where record_key is not null

),

unioned as (

    select * from same_tax_id
    union all by name
    select * from same_name
    union all by name
    select * from same_name_without_place
    union all by name
    select
        record_key,
        other_record_key,
        'same id of ours in the CRM' as rule
    from crm_links

),

matched as (

    select distinct
        record_key,
        other_record_key,
        rule,
        'sure' as strength
    from unioned
    where
        record_key != other_record_key
        and {{ touched('record_key', 'int_records_rematched') }}

)

select * from matched
