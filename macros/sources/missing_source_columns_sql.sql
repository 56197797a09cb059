{#- The DDL of the declared columns that a landed table lacks: a system that never filled a column may not have sent it. -#}
{#- missing_source_columns_sql(relation, source_table) -> ['alter table raw_shop.orders add column tax_id varchar'] -#}
{% macro missing_source_columns_sql(relation, source_table) -%}
    {%- set landed = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list -%}
    {%- set statements = [] -%}
    {%- for column in source_table.columns.values() if column.name | lower not in landed -%}
        {%- do statements.append(
            'alter table ' ~ relation ~ ' add column ' ~ adapter.quote(column.name) ~ ' ' ~ column.data_type
        ) -%}
    {%- endfor -%}
    {%- do return(statements) -%}
{%- endmacro %}
