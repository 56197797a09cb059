-- One row per record of a person or a company, with its cluster; some are a cluster alone.
with

person_records as (

    select * from {{ ref('int_person_records_unioned') }}

),

person_clusters as (

    select * from {{ ref('int_person_records_clustered') }}

),

company_records as (

    select * from {{ ref('int_company_records_unioned') }}

),

company_clusters as (

    select * from {{ ref('int_company_records_clustered') }}

),

clustered as (

    select
        'person' as entity_type,
        person_records.record_key,
        coalesce(person_clusters.component_id, person_records.record_key) as cluster_id
    from person_records
    left outer join person_clusters on person_records.record_key = person_clusters.node_id

    union all by name

    select
        'company' as entity_type,
        company_records.record_key,
        coalesce(company_clusters.component_id, company_records.record_key) as cluster_id
    from company_records
    left outer join company_clusters on company_records.record_key = company_clusters.node_id

)

select * from clustered
