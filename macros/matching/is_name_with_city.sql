{#- Harbor Properties Columbus, and Harbor Properties: a branch of the West is no other company -#}
{% macro is_name_with_city(one, other) -%}
    coalesce(
        {{ one }}.name_key = {{ other }}.name_key || {{ one }}.city_key
        or {{ one }}.name_key = {{ other }}.name_key || {{ other }}.city_key,
        false
    )
{%- endmacro %}
