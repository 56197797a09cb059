{#- How many records a run did something with, by its `counts`; none if it never said. -#}
{#- run_count('rejected') -> coalesce(cast(json_extract_string(counts, '$.' || 'rejected') as bigint), 0) -#}
{% macro run_count(name) -%}
    coalesce(cast({{ json_text('counts', "'" ~ name ~ "'") }} as {{ dbt.type_bigint() }}), 0)
{%- endmacro %}
