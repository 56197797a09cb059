{#- Creates every declared source table that nothing has landed yet, and every column that a system never filled, so that `dbt build` runs with only some systems connected. -#}
{#- create_missing_source_tables() -> create table if not exists raw_erp.orders (order_id bigint, …, _dlt_load_id varchar, _dlt_id varchar) -#}
{#- dlt's own two columns are there from the start: it adds them as `not null`, which no engine can do to a table that exists. -#}
{% macro create_missing_source_tables() -%}
    {%- if execute -%}
        {%- set changed = [] -%}
        {%- for source_table in graph.sources.values() | sort(attribute='unique_id') -%}
            {%- set relation = api.Relation.create(
                database=source_table.database,
                schema=source_table.schema,
                identifier=source_table.identifier,
                type='table'
            ) -%}
            {%- if adapter.get_relation(relation.database, relation.schema, relation.identifier) is none -%}
                {%- do adapter.create_schema(relation) -%}
                {%- do run_query(empty_source_table_sql(relation, source_table)) -%}
                {#- dbt listed the schema a moment ago: it has to be told -#}
                {%- do adapter.cache_added(relation) -%}
                {%- do changed.append(relation) -%}
            {%- else -%}
                {%- for statement in missing_source_columns_sql(relation, source_table) -%}
                    {%- do run_query(statement) -%}
                    {%- do changed.append(relation) -%}
                {%- endfor -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if changed -%}
            {#- a hook's own queries are rolled back when it ends; creating a schema commits them -#}
            {%- do adapter.create_schema(changed[0]) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
