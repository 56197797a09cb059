{#- Three or four systems know one person, hardly eight. -#}
{% macro other_bearers(expected_count, bearer_count, common_count) -%}
    (
        greatest(coalesce({{ expected_count }}, 0.1), coalesce({{ common_count }}, 0))
        + 0.025 * power(greatest({{ bearer_count }} - 3, 0), 2)
        + 0.03
    )
{%- endmacro %}
