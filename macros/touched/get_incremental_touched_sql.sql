{#- dbt's delete+insert deletes only what comes again, and would leave the rows of what is gone. -#}
{% macro get_incremental_touched_sql(arguments) -%}
    {%- set target_relation = arguments.target_relation -%}
    {%- set touched_relation = target_relation.incorporate(
        path={'identifier': config.require('touched_by')}
    ) -%}
    {%- set columns = get_quoted_csv(arguments.dest_columns | map(attribute='name')) -%}
    delete from {{ target_relation }}
    where {{ found_in(arguments.unique_key, config.get('touched_key'), touched_relation) }};

    insert into {{ target_relation }} ({{ columns }})
    select {{ columns }} from {{ arguments.temp_relation }}
{%- endmacro %}
