-- One row per record that is new, otherwise or gone since the last build.
with

person_records as (

    select * from {{ ref('int_person_records_unioned') }}

),

company_records as (

    select * from {{ ref('int_company_records_unioned') }}

),

crm_links as (

    select * from {{ ref('int_crm_records_anchored') }}

),

known as (

    {{ kept('int_records_digested', ['record_key', 'digest']) }}

),

digested as (

    select
        person_records.record_key,
        {{ row_digest([
            'person_records.full_name',
            'person_records.known_as',
            'person_records.title',
            'person_records.phone',
            'person_records.email',
            'person_records.wechat_unionid',
            'person_records.national_id',
            'person_records.city',
            'person_records.address',
            'person_records.birth_date',
            'person_records.company_name',
            'person_records.company_record_key',
            'company_records.company_name',
            'crm_links.other_record_key',
            'crm_links.is_compared_alone'
        ]) }} as digest
    from person_records
    left outer join company_records
        on person_records.company_record_key = company_records.record_key
    left outer join crm_links on person_records.record_key = crm_links.record_key

    union all by name

    select
        company_records.record_key,
        {{ row_digest([
            'company_records.company_name',
            'company_records.tax_id',
            'company_records.phone',
            'company_records.email',
            'company_records.city',
            'company_records.address',
            'crm_links.other_record_key',
            'crm_links.is_compared_alone'
        ]) }} as digest
    from company_records
    left outer join crm_links on company_records.record_key = crm_links.record_key

),

changed as (

    select
        digested.digest,
        coalesce(digested.record_key, known.record_key) as record_key
    from digested
    full outer join known on digested.record_key = known.record_key
    where digested.digest is distinct from known.digest

)

select * from changed
