{#- A layer's schema is named as dbt_project.yml names it, without the target's name before it. -#}
{#- generate_schema_name('marts') -> marts -#}
{#- The engine, the docs and people's queries say `marts.dim_people` whoever builds it; targets differ by database. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
