{% macro moved_edges_sql(edges, moves) -%}
    select moves.moved_to as node_id, edges.link_id
    from {{ edges }} as edges
    inner join {{ moves }} as moves on edges.node_id = moves.node_id
{%- endmacro %}
