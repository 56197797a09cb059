{#- Of a lone word in letters nobody knows whether it is one. -#}
{% macro shares_surname(one, other) -%}
    coalesce(
        {{ one }}.surname_key = {{ other }}.surname_key
        or {{ is_slip_of_word(one ~ '.name_words', other ~ '.surname_key') }}
        or {{ is_slip_of_word(other ~ '.name_words', one ~ '.surname_key') }}
        or starts_with({{ other }}.name_words, {{ one }}.surname_key)
        or starts_with({{ one }}.name_words, {{ other }}.surname_key),
        false
    )
{%- endmacro %}
