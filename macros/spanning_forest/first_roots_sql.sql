{% macro first_roots_sql(best) -%}
    select
        tree_id,
        -- each other's best: the smaller id is the root of both
        case
            when tree_id < other_tree_id and count(*) over (partition by link_rank) = 2 then tree_id
            else other_tree_id
        end as root_id
    from {{ best }}
{%- endmacro %}
