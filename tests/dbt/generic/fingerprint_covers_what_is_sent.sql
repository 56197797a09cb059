{% test fingerprint_covers_what_is_sent(model) %}
{%- set columns = [] -%}
{%- if execute -%}
    {%- set nodes = graph.nodes.values() | selectattr('relation_name', 'equalto', model | string) | list -%}
    {%- for column in nodes[0].columns.values()
        if column.config.meta.field and column.config.meta.owner != 'crm' -%}
        {%- do columns.append(column.name) -%}
    {%- endfor -%}
{%- endif %}

select fingerprint
from {{ model }}
where fingerprint is distinct from {{ sync_fingerprint(columns) }}

{% endtest %}
