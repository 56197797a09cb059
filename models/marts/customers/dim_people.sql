-- One row per person.
with

survivors as (

    select *
    from {{ ref('int_values_survived') }}
    where entity_type = 'person'

),

identified as (

    select *
    from {{ ref('int_records_identified') }}
    where entity_type = 'person'

),

person_records as (

    select * from {{ ref('int_person_records_unioned') }}

),

employers as (

    select *
    from {{ ref('bridge_person_companies') }}
    where is_primary

),

pivoted as (

    select
        entity_id as person_id,
        max(value) filter (where attribute = 'full_name') as full_name,
        max(value) filter (where attribute = 'mobile') as mobile,
        max(value) filter (where attribute = 'email') as email,
        max(value) filter (where attribute = 'wechat_unionid') as wechat_unionid,
        max(value) filter (where attribute = 'national_id') as national_id,
        max(value) filter (where attribute = 'title') as title,
        max(value) filter (where attribute = 'sex') as sex,
        max(value) filter (where attribute = 'city') as city,
        max(value) filter (where attribute = 'address') as address,
        try_cast(max(value) filter (where attribute = 'birth_date') as date) as birth_date
    from survivors
    group by entity_id

),

counted as (

    select
        identified.entity_id as person_id,
        string_agg(
            distinct person_records.source_system, ',' order by person_records.source_system
        ) as source_systems,
        count(*) as record_count,
        bool_and(person_records.is_deleted) as is_deleted,
        min(person_records.first_seen_at) as first_seen_at,
        max(person_records.last_seen_at) as last_seen_at
    from identified
    inner join person_records on identified.record_key = person_records.record_key
    group by identified.entity_id

),

people as (

    select
        -- ids
        counted.person_id,
        employers.company_id,

        -- strings
        pivoted.full_name,
        pivoted.mobile,
        pivoted.email,
        pivoted.wechat_unionid,
        pivoted.national_id,
        pivoted.title,
        pivoted.sex,
        pivoted.city,
        pivoted.address,
        counted.source_systems,

        -- numbers
        counted.record_count,

        -- booleans
        counted.is_deleted,

        -- dates
        pivoted.birth_date,

        -- timestamps
        counted.first_seen_at,
        counted.last_seen_at
    from counted
    left outer join pivoted on counted.person_id = pivoted.person_id
    left outer join employers on counted.person_id = employers.person_id

)

select * from people
