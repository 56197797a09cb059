-- One row per two records in question and respect in which they were compared.
with

pairs as (

    select *
    from {{ ref('int_pairs_questioned') }}
    where entity_type = 'person'

),

-- few of all that were compared
comparisons as (

    select *
    from {{ ref('int_person_pairs_compared') }}
    where
        (record_key, other_record_key) in (
            select
                pairs.record_key,
                pairs.other_record_key
            from pairs
        )

),

weights as (

    select * from {{ ref('person_match_weights') }}

),

records as (

    select *
    from {{ ref('int_person_records_profiled') }}
    where
        record_key in (
            select pairs.record_key from pairs
            union by name
            select pairs.other_record_key as record_key from pairs
        )

),

person_records as (

    select * from {{ ref('int_person_records_unioned') }}

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
        person_records.known_as as name,
        cast(records.birth_date as varchar) as birth_date,
        records.sex,
        person_records.company_name as company,
        array_to_string(records.phones, ', ') as phone,
        array_to_string(records.emails, ', ') as email,
        array_to_string(records.unionids, ', ') as unionid,
        array_to_string(records.national_ids, ', ') as national_id,
        concat_ws(' ', person_records.city, person_records.address) as address
    from asked_records
    inner join records on asked_records.record_key = records.record_key
    inner join person_records on asked_records.record_key = person_records.record_key

),

said as (

    select
        record_key,
        comparison,
        value
    from shown
    unpivot (
        value for comparison in (
            name, phone, email, unionid, national_id, birth_date, sex, address, company
        )
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
            phone_level,
            email_level,
            unionid_level,
            national_id_level,
            birth_date_level,
            sex_level,
            address_level,
            company_level
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
