{#- How many seconds lie between two moments, to the millisecond. -#}
{#- seconds_between('a', 'b') -> cast(date_diff('millisecond', a, b) / 1000 as decimal(18, 3)) -#}
{% macro seconds_between(start, end) -%}
    {{ return(adapter.dispatch('seconds_between', 'tongke')(start, end)) }}
{%- endmacro %}

{% macro default__seconds_between(start, end) -%}
    cast({{ dbt.datediff(start, end, 'millisecond') }} / 1000 as decimal(18, 3))
{%- endmacro %}

{% macro duckdb__seconds_between(start, end) -%}
    cast(date_diff('millisecond', {{ start }}, {{ end }}) / 1000 as decimal(18, 3))
{%- endmacro %}
