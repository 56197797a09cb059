{#- What "today" is: the variable `as_of`, or the day on which this run started where the business is. -#}
{#- as_of() -> cast('2026-03-31' as date) -#}
{#- One date for the whole run, so that a build across midnight doesn't disagree with itself. -#}
{% macro as_of() -%}
    {%- set zone = modules.pytz.timezone(var('business_time_zone')) -%}
    cast('{{ var("as_of") or run_started_at.astimezone(zone).strftime("%Y-%m-%d") }}' as date)
{%- endmacro %}
