{% macro parse_date(expression) -%}
    {#- without full-width digits, a time of day and the letters of 2nd -#}
    {%- set day = regexp_replaced(
        regexp_replaced(narrow_text(expression), '[T ]+[0-9]{1,2}:[0-9].*$'),
        '([0-9])[a-z]{2} ', '\\1 '
    ) -%}
    {#- a year of two digits would be read as one of antiquity #}
    case
        when {{ regexp_matches(expression, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$') }}
            then try_cast({{ expression }} as date)
        {#- a spreadsheet's days since the end of 1899, here from 1927 on: 1990 is a year #}
        when {{ regexp_matches(expression, '^[1-5][0-9]{4}([.][0-9]+)?$') }}
            then cast('1899-12-30' as date) + cast(left({{ expression }}, 5) as integer)
        when {{ regexp_matches(expression, '[0-9０-９]{4}') }}
            then {{ adapter.dispatch('parse_date', 'tongke')(clean_text(day)) }}
    end
{%- endmacro %}

{% macro default__parse_date(day) -%}
    coalesce(
        {%- for pattern in [
            'y-M-d', 'y/M/d', 'y.M.d', 'y年M月d日', 'yyyyMMdd',
            'd.M.y', 'd-M-y', 'M/d/y', 'd/M/y', 'MMM d, y', 'MMMM d, y', 'd MMM y', 'd MMMM y'
        ] %}
        try_to_date({{ day }}, '{{ pattern }}')
        {{- ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{% macro duckdb__parse_date(day) -%}
    cast(try_strptime({{ day }}, [
        '%Y-%m-%d', '%Y/%m/%d', '%Y.%m.%d', '%Y年%m月%d日', '%Y%m%d',
        '%d.%m.%Y', '%d-%m-%Y', '%m/%d/%Y', '%d/%m/%Y',
        '%b %d, %Y', '%B %d, %Y', '%d %b %Y', '%d %B %Y'
    ]) as date)
{%- endmacro %}
