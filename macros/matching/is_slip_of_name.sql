{#- Each part for itself: in a long name Emma would hide in Ella. -#}
{% macro is_slip_of_name(one, other) -%}
    (
        jaro_winkler_similarity({{ one }}.surname_key, {{ other }}.surname_key) >= 0.9
        and jaro_winkler_similarity({{ one }}.given_key, {{ other }}.given_key) >= 0.9
    )
{%- endmacro %}
