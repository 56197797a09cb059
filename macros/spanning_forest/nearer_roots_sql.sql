{% macro nearer_roots_sql(roots) -%}
    select
        roots.tree_id,
        next_roots.root_id,
        roots.root_id != next_roots.root_id as has_moved
    from {{ roots }} as roots
    inner join {{ roots }} as next_roots on roots.root_id = next_roots.tree_id
{%- endmacro %}
