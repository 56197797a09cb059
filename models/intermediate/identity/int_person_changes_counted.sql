-- One row per thing that people change: how many pairs of one rare name say two of it.
{{ config(materialized='incremental', full_refresh=false) }}

with

records as (

    select *
    from {{ ref('int_person_records_profiled') }}
    -- counted once, so that weights stay as they are, until `identity recount`
    where {{ '(select count(*) from ' ~ this ~ ') = 0' if is_incremental() else 'true' }}

),

named as (

    select *
    from records
    where name_kind = 'full' and not is_name_ours

),

counts as (

    select * from {{ ref('int_person_values_counted') }}

),

-- hardly one of twenty such names is borne by two
rarely_named as (

    select distinct named.written_key
    from named
    inner join counts as written
        on written.attribute = 'written_key' and named.written_key = written.value
    inner join counts as surnames
        on surnames.attribute = 'surname_key' and named.surname_key = surnames.value
    inner join counts as given_names
        on given_names.attribute = 'written_given' and named.written_given = given_names.value
    inner join counts as population on population.attribute = 'population'
    where {{ chance_namesakes() }} <= 0.05

),

recurring as (

    select named.written_key
    from named
    inner join rarely_named on named.written_key = rarely_named.written_key
    group by named.written_key
    having count(*) between 2 and {{ var('identity_hub_cap') }}

),

compared as (

    select
        not list_has_any(one.phones, other.phones) as is_other_phone,
        not list_has_any(one.emails, other.emails) as is_other_email,
        one.city_key != other.city_key as is_other_city,
        one.company_key != other.company_key as is_other_company
    from recurring
    inner join named as one on recurring.written_key = one.written_key
    inner join named as other
        on recurring.written_key = other.written_key and one.record_key < other.record_key

),

summed as (

    select
        ['phone', 'email', 'city', 'company'] as attributes,
        [
            count(is_other_phone), count(is_other_email),
            count(is_other_city), count(is_other_company)
        ] as pair_counts,
        [
            count(*) filter (where is_other_phone), count(*) filter (where is_other_email),
            count(*) filter (where is_other_city), count(*) filter (where is_other_company)
        ] as other_counts
    from compared
    -- there from the first record on, so that nothing is counted later
    having exists (select 1 from records)

),

counted as (

    select
        unnest(attributes) as attribute,
        unnest(pair_counts) as pair_count,
        unnest(other_counts) as other_count
    from summed

)

select * from counted
