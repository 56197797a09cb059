-- One row per spelling of a company's name.
with

customers as (

    select * from {{ ref('stg_erp__customers') }}

),

invoices as (

    select * from {{ ref('stg_finance__invoices') }}

),

users as (

    select * from {{ ref('stg_helpdesk__users') }}

),

crm_values as (

    select *
    from {{ ref('int_selfbuilt_values_unechoed') }}
    where object = 'companies' and field = 'name'

),

canonical_records as (

    select * from {{ ref('stg_canonical__records') }}

),

legal_forms as (

    select * from {{ ref('legal_forms') }}

),

organisation_words as (

    select * from {{ ref('organisation_words') }}

),

regions as (

    select * from {{ ref('regions') }}

),

raw_names as (

    select name as raw_name from customers
    union by name
    select customer_name as raw_name from invoices
    union by name
    select organisation as raw_name from users
    union by name
    select value as raw_name from crm_values
    union by name
    select company_name as raw_name from canonical_records
    union by name
    select full_name as raw_name from canonical_records
    where entity_type = 'organisation'

),

plain as (

    select
        raw_name,
        {{ has_han('raw_name') }} as is_chinese,
        {{ plain_text('raw_name') }} as plain_name
    from raw_names
    where raw_name is not null

),

spelled as (

    select
        raw_name,
        is_chinese,
        -- 华创（上海）有限公司 says where it is in brackets
        nullif({{ regexp_replaced('plain_name', '^[^(]*[(](.*?)(省|市)?[)].*$|^[^(]*$', '\\1') }}, '')
            as bracketed,
        case
            when is_chinese
                then lower({{ regexp_replaced('plain_name', '[\\p{P}\\p{S}\\s]') }})
            else
                trim(
                    {{ regexp_replaced(
                        "replace(" ~ latin_text('raw_name') ~ ", '&', ' and ')",
                        '[\\p{P}\\p{S}\\s]+',
                        ' '
                    ) }}
                )
        end as spelling
    from plain

),

formed as (

    select
        spelled.raw_name,
        spelled.is_chinese,
        spelled.bracketed,
        legal_forms.legal_form,
        case
            when legal_forms.legal_form is null then spelled.spelling
            when legal_forms.position = 'anywhere'
                then
                    replace(
                        spelled.spelling,
                        legal_forms.legal_form,
                        coalesce(legal_forms.stands_for, '')
                    )
            else
                trim(
                    left(
                        spelled.spelling, length(spelled.spelling) - length(legal_forms.legal_form)
                    )
                )
        end as distinctive
    from spelled
    left outer join legal_forms
        on
            (
                legal_forms.position = 'anywhere'
                and contains(spelled.spelling, legal_forms.legal_form)
            )
            or (
                legal_forms.position = 'end'
                and ends_with(
                    spelled.spelling,
                    case when spelled.is_chinese then '' else ' ' end || legal_forms.legal_form
                )
            )
    qualify
        row_number()
            over (
                partition by spelled.raw_name
                order by
                    length(legal_forms.legal_form) desc nulls last,
                    legal_forms.legal_form asc
            )
        = 1

),

placed as (

    select
        formed.raw_name,
        formed.is_chinese,
        formed.legal_form,
        formed.distinctive,
        {{ regexp_matches('formed.distinctive', '分公司|子公司|分店|分行|分部|分厂|办事处|门店') }}
            as is_branch,
        regions.region,
        case
            when regions.region is null then formed.distinctive
            when starts_with(formed.distinctive, regions.region)
                then
                    {{ regexp_replaced(
                        'substr(formed.distinctive, length(regions.region) + 1)', '^(省|市)'
                    ) }}
            else replace(formed.distinctive, formed.bracketed, '')
        end as without_region
    from formed
    left outer join regions
        on
            formed.is_chinese
            and (
                formed.bracketed = regions.region
                or starts_with(formed.distinctive, regions.region)
            )
    qualify
        row_number()
            over (
                partition by formed.raw_name
                order by regions.region = formed.bracketed desc, length(regions.region) desc
            )
        = 1

),

normalised as (

    select
        raw_name,
        is_branch,
        -- a branch keeps its place in its name: it is another establishment
        case
            when is_branch or length(without_region) < 2 then replace(distinctive, ' ', '')
            else replace(without_region, ' ', '')
        end as name_key,
        case when not is_branch and length(without_region) >= 2 then region end as region,
        legal_form is not null
        or exists (
            select 1
            from organisation_words
            where
                ends_with(placed.distinctive, organisation_words.word)
                -- 杨景行 is a person, 惠民大药店 is not
                and length(placed.distinctive) + length(organisation_words.word) > 5
        ) as is_company_like
    from placed

)

select * from normalised
