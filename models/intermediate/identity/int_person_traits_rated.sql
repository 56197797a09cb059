-- One row per trait of the people in these records, with how far it is from the usual, in bits.
with

counts as (

    select * from {{ ref('int_person_values_counted') }}

),

birth_date_counts as (

    select * from {{ ref('int_person_birth_dates_counted') }}

),

household_counts as (

    select * from {{ ref('int_person_households_counted') }}

),

change_counts as (

    select * from {{ ref('int_person_changes_counted') }}

),

recurrence as (

    select
        'recurrence' as trait,
        {{ recurrence_bits(
            "max(bearer_count) filter (where value = 'namesakes')",
            "max(bearer_count) filter (where value = 'bearers')"
        ) }} as bits
    from counts
    where attribute = 'rare name'

),

date_doubt as (

    select
        'date_doubt' as trait,
        {{ date_doubt_bits('sum(pair_count) filter (where is_another)', 'sum(pair_count)') }}
            as bits
    from birth_date_counts

),

household_doubt as (

    select
        'household_doubt' as trait,
        {{ household_doubt_bits('sum(pair_count) filter (where is_two)', 'sum(pair_count)') }}
            as bits
    from household_counts

),

-- how often another phone, mailbox, city or employer is one person's, in most lists
usual_changes as (

    select
        other_count,
        pair_count,
        attribute || '_change' as trait,
        case attribute
            when 'phone' then 0.15
            when 'email' then 0.28
            when 'city' then 0.06
            when 'company' then 0.15
        end as usual_share
    from change_counts

),

changes as (

    select
        trait,
        {{ change_bits('other_count', 'pair_count', 'usual_share') }} as bits
    from usual_changes

),

unioned as (

    select * from recurrence
    union all by name
    select * from date_doubt
    union all by name
    select * from household_doubt
    union all by name
    select * from changes

)

select * from unioned
