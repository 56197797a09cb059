{#- Most texts differ more than that in length alone, which is seen at once. -#}
{% macro is_slip(text, other_text) -%}
    (
        abs(length({{ text }}) - length({{ other_text }})) <= 1
        and damerau_levenshtein({{ text }}, {{ other_text }}) = 1
    )
{%- endmacro %}
