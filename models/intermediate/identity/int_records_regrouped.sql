-- One row per record whose group of surely joined records may be another now.
with

rematched_records as (

    select * from {{ ref('int_records_rematched') }}

),

matches as (

    select
        record_key,
        other_record_key
    from {{ ref('int_person_records_matched') }}

    union all by name

    select
        record_key,
        other_record_key
    from {{ ref('int_company_records_matched') }}

),

known_records as (

    {{ kept('int_records_grouped', ['record_key', 'group_key']) }}

),

tied as (

    select record_key from rematched_records

    union by name

    select matches.other_record_key as record_key
    from matches
    inner join rematched_records on matches.record_key = rematched_records.record_key

),

left_groups as (

    select distinct known_records.group_key
    from known_records
    inner join tied on known_records.record_key = tied.record_key

),

members as (

    select
        known_records.record_key,
        known_records.group_key
    from known_records
    inner join left_groups on known_records.group_key = left_groups.group_key

),

regrouped as (

    select
        members.group_key as left_group_key,
        coalesce(tied.record_key, members.record_key) as record_key
    from tied
    full outer join members on tied.record_key = members.record_key
    where {{ in_partial_build() }}

)

select * from regrouped
