{% macro in_partial_build() -%}
    {{ 'true' if model.resource_type == 'unit_test' or is_partial_build() else 'false' }}
{%- endmacro %}
