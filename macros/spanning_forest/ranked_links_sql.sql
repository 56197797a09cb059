{% macro ranked_links_sql(sql) -%}
    select
        node_id,
        other_node_id,
        node_id as tree_id,
        other_node_id as other_tree_id,
        row_number() over (order by strength desc, node_id asc, other_node_id asc) as link_rank
    from ({{ sql }}) as links
{%- endmacro %}
