{% macro least_rotation(expression) -%}
    {{ return(adapter.dispatch('least_rotation', 'tongke')(expression)) }}
{%- endmacro %}

{% macro default__least_rotation(text) -%}
    array_min(
        transform(
            sequence(1, length({{ text }})),
            place -> concat(substr({{ text }}, place), left({{ text }}, place - 1))
        )
    )
{%- endmacro %}

{% macro duckdb__least_rotation(text) -%}
    list_min([
        substr({{ text }} || {{ text }}, place, length({{ text }}))
        for place in range(1, length({{ text }}) + 1)
    ])
{%- endmacro %}
