{#- In China the number says it; elsewhere often it doesn't, and every number is taken for a mobile. -#}
{% macro is_mobile(phone) -%}
    coalesce(not {{ regexp_matches(phone, '^[+]86([^1]|10|1[0-2])') }}, true)
{%- endmacro %}
