{% macro other_bearers(expected_count, bearer_count) -%}
    (
        greatest(coalesce({{ expected_count }}, 0.1), coalesce(common_count, 0))
        + 0.25 * greatest({{ bearer_count }} - 3, 0)
        + 0.03
    )
{%- endmacro %}
