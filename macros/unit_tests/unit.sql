{#-
    A unit test in one query. dbt's own asks for the model's columns, for their types by a table that
    it makes and drops, and only then for the rows: two fifths of a test's time.
-#}
{% materialization unit, adapter='duckdb' %}

    {%- set expected_rows = config.get('expected_rows') -%}
    {%- set expected_sql = config.get('expected_sql') or typed_rows('actual', expected_rows) -%}
    {%- set columns = expected_rows[0].keys() | join(', ') if expected_rows else '*' -%}

    {% call statement('main', fetch_result=True) %}
        with

        actual as (

            {{ sql }}

        ),

        expected as (

            {{ expected_sql }}

        )

        select
            {{ columns }},
            'actual' as actual_or_expected
        from actual
        union all by name
        select
            {{ columns }},
            'expected' as actual_or_expected
        from expected
    {% endcall %}

    {{ return({'relations': []}) }}

{% endmaterialization %}
