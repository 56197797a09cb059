{#- What became of every node of this invocation, appended to operations.build_results, where the engine looks before it syncs. -#}
{#- record_build_results(results) -> insert into operations.build_results values ('3f…', 'duckdb', 'build', 'model.tongke.dim_people', 'model', 'success', null, …) -#}
{#- A build without rows is not a success: under --empty and --sample a model's status is `empty` or `sampled`. -#}
{% macro record_build_results(results) -%}
    {%- if execute and results -%}
        {%- set relation = api.Relation.create(
            database=target.database, schema='operations', identifier='build_results', type='table'
        ) -%}
        {%- set rows = [] -%}
        {%- for result in results if result.node is defined -%}
            {%- do rows.append(build_result_row(result)) -%}
        {%- endfor -%}
        {%- if rows -%}
            {%- do adapter.create_schema(relation) -%}
            {%- do run_query(build_results_table_sql(relation)) -%}
            {%- do run_query('insert into ' ~ relation ~ ' values ' ~ rows | join(', ')) -%}
            {%- do run_query(
                'delete from ' ~ relation ~ ' where completed_at < '
                ~ timestamp_literal(run_started_at - modules.datetime.timedelta(days=30))
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
