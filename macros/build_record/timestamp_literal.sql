{#- A Python datetime in UTC as a SQL literal. -#}
{#- timestamp_literal(run_started_at) -> timestamp '2026-03-31 08:00:00.000000' -#}
{% macro timestamp_literal(moment) -%}
    timestamp '{{ moment.strftime("%Y-%m-%d %H:%M:%S.%f") }}'
{%- endmacro %}
