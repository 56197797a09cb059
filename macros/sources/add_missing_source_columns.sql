{#- The declared columns that a landed table lacks, added empty: a system that never filled a column may not have sent it. -#}
{#- add_missing_source_columns(relation, source_table) -> alter table raw_shop.orders add column tax_id varchar -#}
{% macro add_missing_source_columns(relation, source_table) -%}
    {%- set landed = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list -%}
    {%- for column in source_table.columns.values() if column.name | lower not in landed -%}
        {%- do run_query(
            'alter table ' ~ relation ~ ' add column ' ~ adapter.quote(column.name) ~ ' ' ~ column.data_type
        ) -%}
    {%- endfor -%}
{%- endmacro %}
