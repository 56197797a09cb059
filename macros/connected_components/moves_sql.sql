{% macro moves_sql(edges, round) -%}
    with chosen_by_link as (
        select link_id, {{ min_by('node_id', hashed('node_id', round)) }} as node_id
        from {{ edges }}
        group by link_id
    )

    select
        edges.node_id,
        {{ min_by('chosen_by_link.node_id', hashed('chosen_by_link.node_id', round)) }} as moved_to
    from {{ edges }} as edges
    inner join chosen_by_link on edges.link_id = chosen_by_link.link_id
    group by edges.node_id
{%- endmacro %}
