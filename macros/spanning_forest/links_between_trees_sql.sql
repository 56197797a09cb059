{% macro links_between_trees_sql(links, roots) -%}
    select
        roots.root_id as tree_id,
        other_roots.root_id as other_tree_id,
        links.link_rank
    from {{ links }} as links
    inner join {{ roots }} as roots on links.tree_id = roots.tree_id
    inner join {{ roots }} as other_roots on links.other_tree_id = other_roots.tree_id
    where roots.root_id != other_roots.root_id
{%- endmacro %}
