-- One row: of the pairs of one rare name, how many have two phones, mailboxes, cities, employers.
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
    where
        (surnames.bearer_count - written.bearer_count)
        * (given_names.bearer_count - written.bearer_count)
        <= 0.05 * population.bearer_count

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

counted as (

    select
        count(is_other_phone) as phone_pair_count,
        count(*) filter (where is_other_phone) as other_phone_count,
        count(is_other_email) as email_pair_count,
        count(*) filter (where is_other_email) as other_email_count,
        count(is_other_city) as city_pair_count,
        count(*) filter (where is_other_city) as other_city_count,
        count(is_other_company) as company_pair_count,
        count(*) filter (where is_other_company) as other_company_count
    from compared
    -- there from the first record on, so that nothing is counted later
    having exists (select 1 from records)

)

select * from counted
