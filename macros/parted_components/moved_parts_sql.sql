{% macro moved_parts_sql(parts, moves) -%}
    select
        parts.node_id,
        coalesce(moves.moved_to, parts.component_id) as component_id,
        max(parts.claim)
            over (partition by coalesce(moves.moved_to, parts.component_id)) as claim
    from {{ parts }} as parts
    left outer join {{ moves }} as moves on parts.component_id = moves.component_id
{%- endmacro %}
