{% macro is_roughly(text, other_text) -%}
    {{ is_within(text, other_text, "greatest(length(" ~ text ~ "), length(" ~ other_text ~ ")) / 6") }}
{%- endmacro %}
