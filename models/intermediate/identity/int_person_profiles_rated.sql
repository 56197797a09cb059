-- One row per profile, with how many others are to be expected of its name, employer and city.
with

profiles as (

    select *
    from {{ ref('int_person_profiles_pooled') }}
    where
        record_key in (
            select pairs.record_key from {{ ref('int_pairs_blocked') }} as pairs
            union by name
            select pairs.other_record_key as record_key from {{ ref('int_pairs_blocked') }} as pairs
        )

),

counts as (

    select * from {{ ref('int_person_values_counted') }}

),

common_names as (

    select * from {{ ref('common_names') }}

),

population as (

    select
        bearer_count as group_count,
        floor(log2(greatest(bearer_count, {{ var('identity_least_population') }})))
            as population_bits
    from counts
    where attribute = 'population'

),

counted as (

    select
        profiles.record_key,
        population.population_bits,
        -- a value that came after the counting was borne by nobody then
        coalesce(written.bearer_count, 1) as written_count,
        coalesce(letters.bearer_count, 1) as letters_count,
        case when profiles.surname_key is not null then coalesce(surnames.bearer_count, 1) end
            as surname_count,
        case when profiles.given_key is not null then coalesce(given_names.bearer_count, 1) end
            as given_count,
        {{ expected_bearers('surnames', 'written_given_names', 'written') }}
            as expected_written_count,
        {{ expected_bearers('surnames', 'given_names', 'letters') }} as expected_letters_count,
        common_surnames.share * common_given_names.share * {{ var('identity_least_population') }}
            as common_count,
        -- of all who sound like 伟 these write it so
        coalesce(
            (written_given_names.bearer_count + 1) / (given_names.bearer_count + 1), 1
        ) as written_share,
        case when profiles.company_key is not null then coalesce(employers.bearer_count, 1) end
            as employer_count,
        case when profiles.city_key is not null then coalesce(cities.bearer_count, 1) end
            as city_count
    from profiles
    cross join population
    left outer join counts as written
        on written.attribute = 'written_key' and profiles.written_key = written.value
    left outer join counts as letters
        on letters.attribute = 'name_key' and profiles.name_key = letters.value
    left outer join counts as surnames
        on surnames.attribute = 'surname_key' and profiles.surname_key = surnames.value
    left outer join counts as given_names
        on given_names.attribute = 'given_key' and profiles.given_key = given_names.value
    left outer join counts as written_given_names
        on
            written_given_names.attribute = 'written_given'
            and profiles.written_given = written_given_names.value
    left outer join counts as employers
        on employers.attribute = 'company_key' and profiles.company_key = employers.value
    left outer join counts as cities
        on cities.attribute = 'city_key' and profiles.city_key = cities.value
    left outer join common_names as common_surnames
        on common_surnames.part = 'surname' and profiles.surname_key = common_surnames.name_key
    left outer join common_names as common_given_names
        on
            common_given_names.part = 'given name'
            and profiles.given_key = common_given_names.name_key

),

rated as (

    select
        record_key,
        cast(population_bits as integer) as population_bits,
        {{ rarity_bits('surname_count') }} as surname_bits,
        {{ rarity_bits('given_count') }} as given_bits,
        {{ rarity_bits('employer_count') }} as employer_bits,
        {{ rarity_bits('city_count') }} as city_bits,
        {{ rarity_bits(
            other_bearers('expected_written_count', 'written_count', 'common_count * written_share')
        ) }} as name_bits,
        {{ rarity_bits(
            other_bearers('expected_letters_count', 'letters_count', 'common_count')
        ) }} as letters_bits
    from counted

)

select * from rated
