-- One row per two records in question and respect in which they were compared.
with

pairs as (

    select *
    from {{ ref('int_pairs_questioned') }}
    where entity_type = 'company'

),

-- few of all that were compared
comparisons as (

    select *
    from {{ ref('int_company_pairs_compared') }}
    where
        (record_key, other_record_key) in (
            select
                pairs.record_key,
                pairs.other_record_key
            from pairs
        )

),

weights as (

    select * from {{ ref('company_match_weights') }}

),

records as (

    select *
    from {{ ref('int_company_records_profiled') }}
    where
        record_key in (
            select pairs.record_key from pairs
            union by name
            select pairs.other_record_key as record_key from pairs
        )

),

company_records as (

    select * from {{ ref('int_company_records_unioned') }}

),

asked_records as (

    select record_key from pairs
    union by name
    select other_record_key as record_key from pairs

),

-- what the records say in each respect, as it was typed where that is one value
shown as (

    select
        records.record_key,
        company_records.company_name as name,
        records.tax_id,
        array_to_string(records.phones, ', ') as phone,
        array_to_string(records.mail_domains, ', ') as mail_domain,
        concat_ws(' ', company_records.city, company_records.address) as address
    from asked_records
    inner join records on asked_records.record_key = records.record_key
    inner join company_records on asked_records.record_key = company_records.record_key

),

said as (

    select
        record_key,
        comparison,
        value
    from shown
    unpivot (
        value for comparison in (name, tax_id, phone, mail_domain, address)
    )

),

levels as (

    select
        record_key,
        other_record_key,
        level,
        replace(comparison_level, '_level', '') as comparison
    from comparisons
    unpivot (
        level for comparison_level in (
            name_level,
            tax_id_level,
            phone_level,
            mail_domain_level,
            address_level
        )
    )

),

explained as (

    select
        pairs.record_key,
        pairs.other_record_key,
        weights.comparison,
        weights.meaning,
        weights.weight,
        said.value,
        other_said.value as other_value
    from pairs
    inner join levels
        on
            pairs.record_key = levels.record_key
            and pairs.other_record_key = levels.other_record_key
    inner join weights
        on levels.comparison = weights.comparison and levels.level = weights.level
    left outer join said
        on pairs.record_key = said.record_key and weights.comparison = said.comparison
    left outer join said as other_said
        on
            pairs.other_record_key = other_said.record_key
            and weights.comparison = other_said.comparison
    where levels.level > 0

)

select * from explained
