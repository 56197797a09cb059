{#- Without the numbers, which are left out and mistyped: 4 Wattle Place, Wattle Pl ace. -#}
{% macro is_same_street(one, other) -%}
    {%- set street = regexp_replaced(one ~ '.rest_key', '[^a-z]') -%}
    {%- set other_street = regexp_replaced(other ~ '.rest_key', '[^a-z]') -%}
    (
        contains({{ one }}.rest_key, ' ')
        and contains({{ other }}.rest_key, ' ')
        and least(length({{ street }}), length({{ other_street }})) > 10
        and (
            contains({{ street }}, {{ other_street }})
            or contains({{ other_street }}, {{ street }})
            or damerau_levenshtein({{ street }}, {{ other_street }})
            <= greatest(length({{ street }}), length({{ other_street }})) / 6
        )
    )
{%- endmacro %}
