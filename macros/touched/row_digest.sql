{% macro row_digest(columns) -%}
    {{ return(adapter.dispatch('row_digest', 'tongke')(columns)) }}
{%- endmacro %}

{% macro default__row_digest(columns) -%}
    md5(concat(
        {%- for column in columns -%}
            coalesce(cast({{ column }} as {{ api.Column.translate_type('string') }}), chr(30))
            {%- if not loop.last -%}, chr(31), {% endif -%}
        {%- endfor -%}
    ))
{%- endmacro %}

{#- An eighth of md5's time; another version of DuckDB may hash otherwise, and then every row is new once. -#}
{% macro duckdb__row_digest(columns) -%}
    cast(hash({{ columns | join(', ') }}) as varchar)
{%- endmacro %}
