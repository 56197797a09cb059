{% macro han_given_name(written_name) -%}
    substr({{ written_name }}, case when length({{ written_name }}) > 3 then 3 else 2 end)
{%- endmacro %}
