{#- Less the two that are compared: they bear it, whoever they are. -#}
{% macro expected_bearers(surnames, given_names) -%}
    greatest({{ surnames }}.bearer_count - 2, 0)
    * greatest({{ given_names }}.bearer_count - 2, 0)
    / population.group_count
{%- endmacro %}
