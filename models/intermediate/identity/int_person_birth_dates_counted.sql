-- One row per answer: how many pairs of one name, reached alike, have one birth date, or two.
{{ config(materialized='incremental', full_refresh=false) }}

with

records as (

    select *
    from {{ ref('int_person_records_profiled') }}
    {% if is_incremental() %}
        -- counted once, so that weights stay as they are, until `identity recount`
        where (select count(*) from {{ this }}) = 0
    {% endif %}

),

dated as (

    select
        record_key,
        name_key,
        birth_date,
        sex,
        given_sex,
        phones,
        emails,
        case when number_key is not null then [rest_key || '|' || coalesce(postcode, city_key)] end
            as houses
    from records
    where birth_date is not null and name_kind = 'full' and not is_name_ours

),

reached as (

    select
        record_key,
        name_key,
        birth_date,
        sex,
        given_sex,
        unnest(list_concat(list_concat(phones, emails), houses)) as reached_at
    from dated

),

met as (

    select
        name_key,
        reached_at
    from reached
    where reached_at is not null
    group by name_key, reached_at
    having count(*) between 2 and {{ var('identity_hub_cap') }}

),

-- that the grandson is called so as well says nothing of how dates are typed
compared as (

    select distinct
        one.record_key,
        other.record_key as other_record_key,
        one.birth_date != other.birth_date
        and not {{ is_slip_of_date('one.birth_date', 'other.birth_date') }} as is_another
    from met
    inner join reached as one
        on met.name_key = one.name_key and met.reached_at = one.reached_at
    inner join reached as other
        on
            met.name_key = other.name_key
            and met.reached_at = other.reached_at
            and one.record_key < other.record_key
    where not {{ is_generation_apart('one', 'other') }}

),

-- both are there from the first record on, so that nothing is counted later
answers as (

    select unnest([false, true]) as is_another
    where exists (select 1 from records)

),

counted as (

    select
        answers.is_another,
        count(compared.record_key) as pair_count
    from answers
    left outer join compared on answers.is_another = compared.is_another
    group by answers.is_another

)

select * from counted
