-- One row per group of surely joined records and name: what the group knows together.
{{ config(
    materialized='incremental',
    incremental_strategy='touched',
    unique_key='group_key',
    touched_by='int_records_regrouped',
    touched_key='left_group_key'
) }}

with

records as (

    select *
    from {{ ref('int_company_records_profiled') }}
    where {{ touched('record_key', 'int_records_regrouped') }}

),

agreed as (

    select
        group_key,
        min(tax_id) as tax_id,
        min(weak_tax_id) as weak_tax_id,
        case when min(city_key) = max(city_key) then min(city_key) end as city_key,
        case when min(region) = max(region) then min(region) end as region,
        case when min(rest_key) = max(rest_key) then min(rest_key) end as rest_key,
        {{ pooled_values('phones') }} as phones,
        {{ pooled_values('weak_phones') }} as weak_phones,
        {{ pooled_values('mail_domains') }} as mail_domains
    from records
    group by group_key

),

pooled as (

    select
        records.group_key,
        records.name_key,
        records.weak_name_key,
        min(records.record_key) as record_key,
        any_value(agreed.tax_id) as tax_id,
        any_value(agreed.weak_tax_id) as weak_tax_id,
        any_value(agreed.phones) as phones,
        any_value(agreed.weak_phones) as weak_phones,
        any_value(agreed.mail_domains) as mail_domains,
        any_value(records.brand_key) as brand_key,
        min(records.place_key) as place_key,
        any_value(records.trades) as trades,
        bool_or(records.is_branch) as is_branch,
        coalesce(any_value(agreed.region), min(records.region)) as region,
        coalesce(any_value(agreed.city_key), min(records.city_key)) as city_key,
        coalesce(any_value(agreed.rest_key), min(records.rest_key)) as rest_key
    from records
    inner join agreed on records.group_key = agreed.group_key
    group by records.group_key, records.name_key, records.weak_name_key

)

select * from pooled
