{% macro drop_work_tables(model_relation, rounds) -%}
    {%- for round in range(rounds + 1) -%}
        {%- for kind in ['edges', 'moves', 'roots'] -%}
            {%- do drop_work_table(model_relation, kind ~ '_' ~ round) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}
