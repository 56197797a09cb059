-- One row per two profiles that were compared, with the weight of the evidence in bits.
with

pairs as (

    select *
    from {{ ref('int_person_pairs_compared') }}
    where {{ touched(['record_key', 'other_record_key'], 'int_records_recompared') }}

),

ratings as (

    select * from {{ ref('int_person_profiles_rated') }}

),

traits as (

    select {{ trait_bits([
        'recurrence', 'date_doubt', 'household_doubt', 'phone_change', 'email_change',
        'city_change', 'company_change'
    ]) }}
    from {{ ref('int_person_traits_rated') }}

),

weights as (

    select {{ level_weights([
        'name', 'phone', 'email', 'unionid', 'national_id', 'birth_date', 'sex', 'address',
        'company'
    ]) }}
    from {{ ref('person_match_weights') }}

),

weighed as (

    select
        pairs.record_key,
        pairs.other_record_key,
        pairs.group_key,
        pairs.other_group_key,
        ratings.population_bits,
        traits.recurrence,
        traits.household_doubt,
        pairs.name_level = 12
        -- in a list without relatives, another name is a mistake
        or (
            traits.household_doubt < 2
            and (
                pairs.name_level = 6
                -- who shares the birth date may have got another name, or a second given name
                or (pairs.name_level = 11 and pairs.birth_date_level != 1)
                or (
                    pairs.name_level in (10, 16)
                    and not (pairs.birth_date_level = 1 and pairs.is_past_living_with_a_twin)
                )
            )
        )
        -- where dates are wrong twice as often as elsewhere, another one contradicts nothing
        or (pairs.birth_date_level in (4, 5) and traits.date_doubt < 1)
        or pairs.national_id_level = 2 as is_contradictory,
        pairs.phone_level in (1, 2)
        or pairs.email_level in (1, 2, 4)
        or pairs.unionid_level = 1
        or pairs.national_id_level in (1, 3)
        or pairs.address_level in (1, 2, 6) as is_reached_alike,
        weights.name[pairs.name_level + 1]
        + weights.phone[pairs.phone_level + 1]
        + weights.email[pairs.email_level + 1]
        + weights.unionid[pairs.unionid_level + 1]
        + weights.national_id[pairs.national_id_level + 1]
        + weights.sex[pairs.sex_level + 1]
        + weights.address[pairs.address_level + 1]
        + weights.company[pairs.company_level + 1]
        -- how often people change what they say, the list says itself
        + case when pairs.phone_level = 4 then traits.phone_change else 0 end
        + case when pairs.email_level = 5 then traits.email_change else 0 end
        + case when pairs.address_level = 5 then traits.city_change else 0 end
        + case when pairs.company_level = 2 then traits.company_change else 0 end
            as level_weight,
        weights.birth_date[pairs.birth_date_level + 1]
        + case when pairs.birth_date_level in (4, 5) then traits.date_doubt else 0 end
            as birth_date_weight,
        case
            -- twins share a birth date, a household and a surname
            when pairs.name_level in (6, 10, 16) and not pairs.is_past_living_with_a_twin then 3
            else 15
        end as most_birth_date_weight,
        -- of one name in one household are only parent and child: else one date is wrong
        case
            when pairs.birth_date_level = 4 and pairs.name_level in (1, 2, 3)
                then -2.5 + traits.date_doubt
            else -15
        end as least_birth_date_weight,
        case
            when pairs.name_level = 1 then ratings.name_bits
            -- of Bob and Robert, Smith and Smiht the commoner one: a slip is borne by nobody else
            when pairs.name_level in (2, 3, 4, 17)
                then least(ratings.letters_bits, other_ratings.letters_bits)
            when pairs.name_level in (5, 7, 8, 14)
                then coalesce(least(ratings.surname_bits, other_ratings.surname_bits), 0)
            -- of two lone words nobody knows whether they are given names
            when pairs.name_level in (9, 13, 15)
                then coalesce(least(ratings.given_bits, other_ratings.given_bits), 0)
            -- relatives share a surname, and who took another one kept the given name
            when pairs.name_level in (6, 10)
                then least(2 * traits.household_doubt, ratings.surname_bits)
            when pairs.name_level = 16
                then least(2 * traits.household_doubt, ratings.given_bits)
            else 0
        end as name_weight,
        -- a household shares its surname, and sometimes father and son their whole name
        case
            when pairs.name_level in (7, 8, 13, 14) then 2
            -- whose names are a slip apart in every part is seldom a relative
            when pairs.name_level = 5 then 3.5
            -- two colleagues are often called alike, and that they are colleagues is no proof then
            when pairs.name_level in (9, 15) and pairs.company_level in (1, 3) then -2
            -- no household gives one name twice, but to father and son
            when pairs.name_level in (9, 15) then 8
            else 5.8
        end as household_name_weight,
        -- colleagues behind one number are many
        case
            when pairs.company_level in (1, 3) and pairs.name_level not in (6, 10, 11, 12, 16)
                then least(ratings.employer_bits, other_ratings.employer_bits)
            else 0
        end as employer_weight,
        case when pairs.address_level = 4 then ratings.city_bits else 0 end as city_weight
    from pairs
    inner join ratings on pairs.record_key = ratings.record_key
    inner join ratings as other_ratings on pairs.other_record_key = other_ratings.record_key
    cross join traits
    cross join weights

),

-- two who are reached alike are of one household: there, a name, a city, an employer tell less
scored as (

    select
        record_key,
        other_record_key,
        group_key,
        other_group_key,
        is_contradictory,
        cast(
            case
                when is_reached_alike
                    then
                        level_weight
                        + household_doubt
                        + least(name_weight, household_name_weight)
                        + greatest(
                            least(birth_date_weight, most_birth_date_weight),
                            least_birth_date_weight
                        )
                        + least(employer_weight, 4)
                else
                    level_weight
                    + least(
                        name_weight + least(city_weight, 2.5) - population_bits + recurrence,
                        5
                    )
                    + birth_date_weight
                    + least(employer_weight, 7)
            end
            as decimal(9, 3)
        ) as weight
    from weighed

)

select * from scored
