{#- The calendar day of a moment (UTC, without a zone in its type) where the business is. -#}
{#- business_date('ordered_at') -> cast(timezone('Asia/Shanghai', timezone('UTC', ordered_at)) as date) -#}
{% macro business_date(expression) -%}
    {{ return(adapter.dispatch('business_date', 'tongke')(expression)) }}
{%- endmacro %}

{% macro default__business_date(expression) -%}
    cast(from_utc_timestamp({{ expression }}, '{{ var("business_time_zone") }}') as date)
{%- endmacro %}

{% macro duckdb__business_date(expression) -%}
    cast(timezone('{{ var("business_time_zone") }}', timezone('UTC', {{ expression }})) as date)
{%- endmacro %}
