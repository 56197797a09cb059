{#- Berry and Nerry begin differently; of three letters each one matters. -#}
{% macro is_slip_of_word(word, other_word) -%}
    (
        jaro_winkler_similarity({{ word }}, {{ other_word }}) >= 0.9
        or length({{ word }}) > 3 and {{ is_slip(word, other_word) }}
    )
{%- endmacro %}
