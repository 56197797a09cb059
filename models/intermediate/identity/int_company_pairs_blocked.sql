-- One row per two profiles of companies that have enough in common to be compared.
with

profiles as (

    select * from {{ ref('int_company_profiles_pooled') }}

),

keys as (

    select
        record_key,
        group_key,
        'tax id' as block,
        tax_id as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        'phone' as block,
        unnest(phones) as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        'domain' as block,
        unnest(mail_domains) as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        'name' as block,
        name_key as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        'weak name' as block,
        weak_name_key as value
    from profiles

    union all by name

    select
        record_key,
        group_key,
        'beginning of the name' as block,
        left(name_key, case when {{ has_han('name_key') }} then 3 else 6 end) as value
    from profiles

),

-- one profile speaks for its group, so that no group meets another twice by one key
spoken as (

    select
        block,
        value,
        group_key,
        min(record_key) as record_key
    from keys
    where value is not null
    group by block, value, group_key

),

sized as (

    select
        block,
        value,
        group_key,
        record_key,
        count(*) over (partition by block, value) as block_size
    from spoken

),

met as (

    select
        block,
        value,
        group_key,
        record_key
    from sized
    where block_size between 2 and {{ var('identity_block_cap') }}

),

blocked as (

    select distinct
        met.record_key,
        other_met.record_key as other_record_key
    from met
    inner join met as other_met
        on
            met.block = other_met.block
            and met.value = other_met.value
            and met.record_key < other_met.record_key
            and met.group_key != other_met.group_key

)

select * from blocked
