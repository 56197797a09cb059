{#-
    A table, replaced within its transaction. dbt-duckdb's own builds it under another name, renames
    two tables and drops one, each a round of dbt's Python: half of what a small model takes.
-#}
{% materialization table, adapter='duckdb' %}

    {%- set target_relation = begun_table(pre_hooks) -%}
    {{ return(finished_table(target_relation, compiled_code, post_hooks)) }}

{% endmaterialization %}
