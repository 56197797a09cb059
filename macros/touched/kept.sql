{#- Not by ref(): the model that is read comes later in the same build. -#}
{% macro kept(model_name, columns) -%}
    {%- if is_partial_build() -%}
        select {{ columns | join(', ') }} from {{ this.incorporate(path={'identifier': model_name}) }}
    {%- else -%}
        select
        {%- for column in columns %} cast(null as {{ api.Column.translate_type('string') }}) as {{ column }}
            {%- if not loop.last %},{% endif -%}
        {%- endfor %}
        where false
    {%- endif -%}
{%- endmacro %}
