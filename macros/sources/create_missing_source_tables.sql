{#- An empty table for every declared source table that nothing has landed yet, and an empty column for what a system never filled, so that `dbt build` runs with only some systems connected. -#}
{#- create_missing_source_tables() -> create table raw_erp.orders (order_id bigint, …, _dlt_load_id varchar, _dlt_id varchar) -#}
{#- dlt's own two columns are there from the start: it adds them as `not null`, which no engine can do to a table that exists. -#}
{% macro create_missing_source_tables() -%}
    {%- if execute -%}
        {%- for source_table in graph.sources.values() | sort(attribute='unique_id') -%}
            {%- set found = adapter.get_relation(
                database=source_table.database,
                schema=source_table.schema,
                identifier=source_table.identifier
            ) -%}
            {%- if found is none -%}
                {%- set relation = api.Relation.create(
                    database=source_table.database,
                    schema=source_table.schema,
                    identifier=source_table.identifier,
                    type='table'
                ) -%}
                {%- do adapter.create_schema(relation) -%}
                {%- do run_query(empty_source_table_sql(relation, source_table)) -%}
                {#- dbt listed the schema a moment ago: it has to be told -#}
                {%- do adapter.cache_added(relation) -%}
            {%- else -%}
                {%- do add_missing_source_columns(found, source_table) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
