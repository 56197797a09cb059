with

person_profiles as (

    select * from {{ ref('int_person_profiles_pooled') }}

),

company_profiles as (

    select * from {{ ref('int_company_profiles_pooled') }}

),

person_counts as (

    select * from {{ ref('int_person_values_counted') }}

),

company_counts as (

    select * from {{ ref('int_company_values_counted') }}

),

there as (

    select
        'person' as entity_type,
        count(distinct group_key) as group_count
    from person_profiles

    union all by name

    select
        'organisation' as entity_type,
        count(distinct group_key) as group_count
    from company_profiles

),

counted as (

    select
        'person' as entity_type,
        bearer_count as group_count
    from person_counts
    where attribute = 'population'

    union all by name

    select
        'organisation' as entity_type,
        bearer_count as group_count
    from company_counts
    where attribute = 'population'

),

-- fewer are taken for a sample, whose counts hardly matter
compared as (

    select
        there.entity_type,
        greatest(counted.group_count, {{ var('identity_least_population') }}) as counted_groups,
        greatest(there.group_count, {{ var('identity_least_population') }}) as found_groups
    from there
    inner join counted on there.entity_type = counted.entity_type

),

different as (

    select *
    from compared
    where found_groups > 2 * counted_groups or counted_groups > 2 * found_groups

)

select * from different
