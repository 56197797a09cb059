{% macro is_slip(text, other_text) -%}
    damerau_levenshtein({{ text }}, {{ other_text }}) = 1
{%- endmacro %}
