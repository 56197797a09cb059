-- One row per two profiles that have enough in common to be compared.
with

person_keys as (

    select * from {{ ref('int_person_blocks_keyed') }}

),

company_keys as (

    select * from {{ ref('int_company_blocks_keyed') }}

),

keys as (

    select
        'person' as entity_type,
        *
    from person_keys

    union all by name

    select
        'company' as entity_type,
        *
    from company_keys

),

-- one profile speaks for its group, so that no group meets another twice by one key
spoken as (

    select
        entity_type,
        block,
        value,
        group_key,
        min(record_key) as record_key
    from keys
    group by entity_type, block, value, group_key

),

-- a key of one group joins nothing, and one of many tells too little
telling_values as (

    select
        entity_type,
        block,
        value
    from spoken
    group by entity_type, block, value
    having count(*) between 2 and {{ var('identity_block_cap') }}

),

met as (

    select
        spoken.entity_type,
        spoken.block,
        spoken.value,
        spoken.group_key,
        spoken.record_key
    from spoken
    inner join telling_values
        on
            spoken.entity_type = telling_values.entity_type
            and spoken.block = telling_values.block
            and spoken.value = telling_values.value

),

blocked as (

    select distinct
        met.entity_type,
        met.record_key,
        other_met.record_key as other_record_key
    from met
    inner join met as other_met
        on
            met.entity_type = other_met.entity_type
            and met.block = other_met.block
            and met.value = other_met.value
            and met.record_key < other_met.record_key
            and met.group_key != other_met.group_key

)

select * from blocked
