{#- By those who have one part of the name and another name: a person's own records tell nothing of it. -#}
{% macro expected_bearers(surnames, given_names, names) -%}
    greatest({{ surnames }}.bearer_count - coalesce({{ names }}.bearer_count, 2), 0)
    * greatest({{ given_names }}.bearer_count - coalesce({{ names }}.bearer_count, 2), 0)
    / population.group_count
{%- endmacro %}
