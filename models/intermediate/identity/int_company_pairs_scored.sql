-- One row per two profiles of companies, with the weight of the evidence in bits.
with

pairs as (

    select *
    from {{ ref('int_company_pairs_compared') }}
    where {{ touched(['record_key', 'other_record_key'], 'int_records_recompared') }}

),

profiles as (

    select * from {{ ref('int_company_profiles_pooled') }}

),

counts as (

    select * from {{ ref('int_company_values_counted') }}

),

weights as (

    select {{ level_weights(['name', 'tax_id', 'phone', 'mail_domain', 'address']) }}
    from {{ ref('company_match_weights') }}

),

population as (

    select
        floor(log2(greatest(bearer_count, {{ var('identity_least_population') }})))
            as population_bits
    from counts
    where attribute = 'population'

),

weighed as (

    select
        pairs.record_key,
        pairs.other_record_key,
        pairs.group_key,
        pairs.other_group_key,
        population.population_bits,
        pairs.name_level in (7, 8) or pairs.tax_id_level = 3 as is_contradictory,
        pairs.tax_id_level in (1, 2)
        or pairs.phone_level = 1
        or pairs.mail_domain_level = 1
        or pairs.address_level = 1 as is_reached_alike,
        weights.name[pairs.name_level + 1]
        + weights.tax_id[pairs.tax_id_level + 1]
        + weights.phone[pairs.phone_level + 1]
        + weights.mail_domain[pairs.mail_domain_level + 1]
        + weights.address[pairs.address_level + 1] as level_weight,
        case
            when pairs.name_level in (1, 2, 3)
                then
                    population.population_bits
                    - log2(0.1 + 0.5 * greatest(coalesce(counts.bearer_count, 1) - 3, 0))
            when pairs.name_level in (12, 13) then population.population_bits + 3.3
            when pairs.name_level in (4, 5, 6, 9, 10) then 10
            else 0
        end as name_weight
    from pairs
    inner join profiles on pairs.record_key = profiles.record_key
    left outer join counts
        on counts.attribute = 'name_key' and profiles.name_key = counts.value
    cross join weights
    cross join population

),

-- sisters share a switchboard, a domain and a house, and a part of their name
scored as (

    select
        record_key,
        other_record_key,
        group_key,
        other_group_key,
        is_contradictory,
        cast(
            case
                when is_reached_alike then level_weight + least(name_weight, 4)
                else level_weight + least(name_weight - population_bits, 5)
            end
            as decimal(9, 3)
        ) as weight
    from weighed

)

select * from scored
