{% macro contracted_edges_sql(edges_sql) -%}
    with distinct_edges as (
        select distinct node_id, link_id from ({{ edges_sql }}) as given_edges
    ),

    connecting_links as (
        select link_id from distinct_edges group by link_id having count(*) > 1
    )

    select distinct_edges.node_id, distinct_edges.link_id
    from distinct_edges
    inner join connecting_links on distinct_edges.link_id = connecting_links.link_id
{%- endmacro %}
