{#- The DDL of an empty source table, from the columns that its YAML declares. -#}
{#- empty_source_table_sql(relation, source_table) -> create table if not exists … (…, _dlt_load_id varchar, _dlt_id varchar) -#}
{% macro empty_source_table_sql(relation, source_table) -%}
    {%- set columns = [] -%}
    {%- for column in source_table.columns.values() -%}
        {%- if not column.data_type -%}
            {%- do exceptions.raise_compiler_error(
                'source column ' ~ source_table.source_name ~ '.' ~ source_table.name ~ '.' ~ column.name
                ~ ' has no data_type: declare one in the source\'s YAML'
            ) -%}
        {%- endif -%}
        {%- do columns.append(adapter.quote(column.name) ~ ' ' ~ column.data_type) -%}
    {%- endfor -%}
    {%- for name in ['_dlt_load_id', '_dlt_id'] if name not in source_table.columns -%}
        {%- do columns.append(name ~ ' ' ~ api.Column.translate_type('string')) -%}
    {%- endfor -%}
    create table if not exists {{ relation }} ({{ columns | join(', ') }})
{%- endmacro %}
