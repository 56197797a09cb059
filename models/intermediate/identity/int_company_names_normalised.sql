-- One row per spelling of a company's name.
{{ config(materialized='incremental', unique_key='raw_name') }}

{#- 华创科技有限公司-采购部 -#}
{%- set department = '[ (_—–-]+(行政|采购|财务|销售|市场|人事|技术|业务|客服|后勤|综合)部[)]?$' %}

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
    {% if is_incremental() %}
        and raw_name not in (select known.raw_name from {{ this }} as known)
    {% endif %}

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
                then {{ mended_legal_form(
                    'lower(' ~ regexp_replaced(
                        regexp_replaced('plain_name', department), '[\\p{P}\\p{S}\\s]'
                    ) ~ ')'
                ) }}
            else {{ company_words('plain_name') }}
        end as spelling
    from plain

),

found_forms as (

    select
        spelled.raw_name,
        legal_forms.legal_form
    from spelled
    inner join legal_forms
        on
            -- a join that can be hashed
            right(spelled.spelling, 2) = right(legal_forms.legal_form, 2)
            and ends_with(
                spelled.spelling,
                case when spelled.is_chinese then '' else ' ' end || legal_forms.legal_form
            )
    where legal_forms.position = 'end'

    union all by name

    select
        spelled.raw_name,
        legal_forms.legal_form
    from spelled
    inner join legal_forms on contains(spelled.spelling, legal_forms.legal_form)
    where contains(spelled.spelling, '公司') and legal_forms.position = 'anywhere'

),

longest_forms as (

    select
        found_forms.raw_name,
        legal_forms.legal_form,
        legal_forms.position,
        legal_forms.stands_for
    from found_forms
    inner join legal_forms on found_forms.legal_form = legal_forms.legal_form
    qualify
        row_number()
            over (
                partition by found_forms.raw_name
                order by length(legal_forms.legal_form) desc, legal_forms.legal_form asc
            )
        = 1

),

formed as (

    select
        spelled.raw_name,
        spelled.is_chinese,
        spelled.bracketed,
        longest_forms.legal_form,
        case
            when longest_forms.legal_form is null then spelled.spelling
            when longest_forms.position = 'anywhere'
                then
                    replace(
                        spelled.spelling,
                        longest_forms.legal_form,
                        coalesce(longest_forms.stands_for, '')
                    )
            else
                trim(
                    left(
                        spelled.spelling,
                        length(spelled.spelling) - length(longest_forms.legal_form)
                    )
                )
        end as distinctive
    from spelled
    left outer join longest_forms on spelled.raw_name = longest_forms.raw_name

),

-- 西安, 陕西西安, 陕西省西安
beginnings as (

    select
        region,
        region as beginning
    from regions

    union by name

    select
        region,
        province || unnest(['', '省']) || region as beginning
    from regions
    where region != province

),

-- the place in brackets, or in front
found_regions as (

    select
        formed.raw_name,
        regions.region,
        formed.bracketed as place,
        true as is_bracketed
    from formed
    inner join regions on formed.bracketed = regions.region
    where formed.is_chinese

    union all by name

    select
        formed.raw_name,
        beginnings.region,
        beginnings.beginning as place,
        false as is_bracketed
    from formed
    inner join beginnings
        on
            left(formed.distinctive, 2) = left(beginnings.beginning, 2)
            and starts_with(formed.distinctive, beginnings.beginning)
    where formed.is_chinese

),

longest_regions as (

    select
        raw_name,
        region,
        place
    from found_regions
    qualify
        row_number()
            over (partition by raw_name order by is_bracketed desc, length(place) desc)
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
        longest_regions.region,
        case
            when longest_regions.region is null then formed.distinctive
            when starts_with(formed.distinctive, longest_regions.place)
                then
                    {{ regexp_replaced(
                        'substr(formed.distinctive, length(longest_regions.place) + 1)',
                        '^(省|市)'
                    ) }}
            else replace(formed.distinctive, formed.bracketed, '')
        end as without_region
    from formed
    left outer join longest_regions on formed.raw_name = longest_regions.raw_name

),

-- 华创集团, 华创（中国） and 华创科技上海分公司 belong together, and are companies of their own
weakened as (

    select
        raw_name,
        is_chinese,
        legal_form,
        distinctive,
        is_branch,
        region,
        without_region,
        case
            when is_chinese
                then {{ regexp_replaced(
                    'without_region',
                    '(.{2}市?)?(分公司|子公司|分店|分行|分部|分厂|办事处|门店)$|集团|控股|股份|中国|总部'
                ) }}
            else
                {{ regexp_replaced(
                    "without_region",
                    '\\b(group|holdings?|international|intl|worldwide|global|company|china|usa)\\b'
                ) }}
        end as weakened_name
    from placed

),

-- of 上海分公司 nothing but places is known
named as (

    select
        *,
        length(case when is_branch then weakened_name else without_region end) < 2
            as is_placed_wholly
    from weakened

),

normalised as (

    select
        raw_name,
        is_branch,
        -- a branch keeps its own place, behind its parent's name: it is another establishment
        case
            when is_placed_wholly then replace(distinctive, ' ', '')
            when is_chinese then replace(without_region, ' ', '')
            -- Müller and Mueller, Rådgivning and Raadgivning; a place may follow the legal form
            else {{ regexp_replaced(
                "replace(" ~ regexp_replaced(
                    'without_region', ' (gmbh|llc|ltd|limited|inc|incorporated|plc|sarl|llp)\\b'
                ) ~ ", ' ', '')",
                '([aou])e|(a)a',
                '\\1\\2'
            ) }}
        end as name_key,
        case when not is_placed_wholly then region end as region,
        case when not is_chinese then without_region end as name_words,
        legal_form is not null
        or exists (
            select 1
            from organisation_words
            where
                ends_with(named.distinctive, organisation_words.word)
                -- 杨景行 is a person, 惠民大药店 is not
                and length(named.distinctive) + length(organisation_words.word) > 5
        ) as is_company_like,
        case
            when length(replace(weakened_name, ' ', '')) >= 2 then replace(weakened_name, ' ', '')
            else replace(distinctive, ' ', '')
        end as weak_name_key
    from named

)

select * from normalised
