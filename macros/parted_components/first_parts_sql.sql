{% macro first_parts_sql(given) -%}
    select node_id, node_id as component_id, max(claim) as claim
    from (
        select node_id, claim from {{ given }}
        union all
        select other_node_id as node_id, null as claim from {{ given }}
        where other_node_id is not null
    ) as nodes
    group by node_id
{%- endmacro %}
