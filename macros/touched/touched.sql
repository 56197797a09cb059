{#- The model is named, not given by ref(), so that a unit test needn't know of it. -#}
{% macro touched(columns, model_name, key=none) -%}
    {%- if not execute or is_partial_build() -%}
        {{ found_in(columns, key, ref(model_name)) }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
