-- One row per CRM record with an id of ours, and the record that shares the most with it.
{{ config(materialized='view') }}

with

bound_records as (

    select * from {{ ref('int_crm_records_bound') }}

),

contacts as (

    select * from {{ ref('stg_selfbuilt__contacts') }}

),

companies as (

    select * from {{ ref('stg_selfbuilt__companies') }}

),

clusters as (

    select * from {{ ref('int_records_clustered') }}

),

person_values as (

    select * from {{ ref('int_person_values_carried') }}

),

company_values as (

    select * from {{ ref('int_company_values_carried') }}

),

renamed_contacts as (

    select
        name as full_name,
        mobile,
        email,
        wechat_unionid,
        'selfbuilt:contact:' || id as record_key
    from contacts

),

renamed_companies as (

    select
        name as company_name,
        tax_id,
        phone,
        email,
        'selfbuilt:company:' || id as record_key
    from companies

),

-- what we wrote there is in our own normal form, so that it is compared as it stands
written as (

    select
        'person' as entity_type,
        record_key,
        attribute,
        value
    from renamed_contacts
    unpivot (value for attribute in (full_name, mobile, email, wechat_unionid))

    union all by name

    select
        'company' as entity_type,
        record_key,
        attribute,
        value
    from renamed_companies
    unpivot (value for attribute in (company_name, tax_id, phone, email))

),

carried as (

    select
        'person' as entity_type,
        record_key,
        attribute,
        value
    from person_values

    union all by name

    select
        'company' as entity_type,
        record_key,
        attribute,
        value
    from company_values

),

met as (

    select
        bound_records.entity_type,
        bound_records.entity_id,
        bound_records.created_at,
        clusters.cluster_id,
        min(carried.record_key) as record_key,
        count(distinct carried.attribute) as shared_count,
        count(distinct nullif(nullif(carried.attribute, 'full_name'), 'company_name'))
            as shared_identifier_count
    from bound_records
    inner join written
        on
            bound_records.entity_type = written.entity_type
            and bound_records.record_key = written.record_key
    inner join carried
        on
            written.entity_type = carried.entity_type
            and written.attribute = carried.attribute
            and written.value = carried.value
    inner join clusters
        on
            carried.entity_type = clusters.entity_type
            and carried.record_key = clusters.record_key
    -- the CRM's own record isn't what it is to be told from
    where carried.record_key != bound_records.record_key
    group by
        bound_records.entity_type,
        bound_records.entity_id,
        bound_records.created_at,
        clusters.cluster_id

),

best as (

    select
        entity_type,
        entity_id,
        created_at,
        record_key,
        shared_count,
        shared_identifier_count,
        max(shared_count) over (partition by entity_type, entity_id) as most_shared_count
    from met

),

-- a name alone proves nothing, and what could be two customers' is nobody's
recognised as (

    select
        entity_type,
        entity_id,
        min(record_key) as record_key,
        min(created_at) as created_at
    from best
    where shared_count = most_shared_count
    group by entity_type, entity_id
    having count(*) = 1 and min(shared_identifier_count) > 0

)

select * from recognised
