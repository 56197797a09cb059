{% macro is_slip(text, other_text) -%}
    ({{ text }} != {{ other_text }} and {{ is_within(text, other_text, 1) }})
{%- endmacro %}
