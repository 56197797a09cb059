with

orders as (

    select * from {{ ref('fct_orders') }}

),

people as (

    select * from {{ ref('dim_people_360') }}

),

companies as (

    select * from {{ ref('dim_companies_360') }}

),

ordered as (

    select
        sum(cny_amount) filter (where person_id is not null) as by_people,
        sum(cny_amount) filter (where company_id is not null) as by_companies
    from orders
    where is_counted

),

people_summed as (

    select sum(lifetime_value_amount) as amount from people

),

companies_summed as (

    select sum(lifetime_value_amount) as amount from companies

),

different as (

    select
        ordered.by_people as expected_of_people,
        people_summed.amount as found_of_people,
        ordered.by_companies as expected_of_companies,
        companies_summed.amount as found_of_companies
    from ordered
    cross join people_summed
    cross join companies_summed
    where
        coalesce(ordered.by_people, 0) != coalesce(people_summed.amount, 0)
        or coalesce(ordered.by_companies, 0) != coalesce(companies_summed.amount, 0)

)

select * from different
