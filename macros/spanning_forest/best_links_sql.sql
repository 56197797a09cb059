{% macro best_links_sql(links) -%}
    with ends as (
        select tree_id, other_tree_id, link_rank from {{ links }}
        union all
        select other_tree_id, tree_id, link_rank from {{ links }}
    )

    select
        tree_id,
        min(link_rank) as link_rank,
        {{ min_by('other_tree_id', 'link_rank') }} as other_tree_id
    from ends
    group by tree_id
{%- endmacro %}
