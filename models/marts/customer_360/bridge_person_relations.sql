-- One row per person, company and what the person does for it.
with

employments as (

    select
        person_id,
        company_id,
        'works_at' as relation,
        first_seen_at,
        last_seen_at
    from {{ ref('bridge_person_companies') }}

),

signatures as (

    select
        person_id,
        company_id,
        'signs_for' as relation,
        ordered_at as first_seen_at,
        ordered_at as last_seen_at
    from {{ ref('fct_orders') }}

),

payments as (

    select
        person_id,
        company_id,
        'pays_for' as relation,
        cast(issued_on as timestamp) as first_seen_at,
        cast(issued_on as timestamp) as last_seen_at
    from {{ ref('fct_invoices') }}

),

unioned as (

    select * from employments
    union all by name
    select * from signatures
    union all by name
    select * from payments

),

relations as (

    select
        person_id,
        company_id,
        relation,
        count(*) as occurrence_count,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from unioned
    where person_id is not null and company_id is not null
    group by person_id, company_id, relation

)

select * from relations
