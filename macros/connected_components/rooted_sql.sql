{% macro rooted_sql(moves, later_roots) -%}
    select moves.node_id, coalesce(later_roots.moved_to, moves.moved_to) as moved_to
    from {{ moves }} as moves
    left outer join {{ later_roots }} as later_roots on moves.moved_to = later_roots.node_id
{%- endmacro %}
