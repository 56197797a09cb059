{#-
    A table of (node_id, component_id) from a model's SQL of (node_id, other_node_id, strength, claim):
    links between two nodes with their strength, vetoes (a link without strength: those two must not
    be one), and claims (a node without another: it holds a value of which a component has one).
    Round by round the components that are each other's best link become one, with all others whose
    best link is one of the two, as far as no veto and no two claims come together; what is left of
    the links when nothing moves any more is cut, and that is the weakest of each chain.
    For components that contradict themselves: few, so that rounds are cheap.
-#}
{% materialization parted_components, default %}

    {%- set target_relation = begun_table(pre_hooks) -%}
    {%- set work_tables = [] -%}

    {%- set max_rounds = config.get('max_rounds', 60) -%}
    {%- set work = namespace(moved=1) -%}
    {%- set given = work_table(work_tables, 'given', sql) -%}
    {%- set work.parts = work_table(work_tables, 'parts_0', first_parts_sql(given)) -%}
    {%- for round in range(1, max_rounds + 1) if work.moved > 0 -%}
        {%- set moves = work_table(
            work_tables, 'moves_' ~ round, joining_moves_sql(given, work.parts)
        ) -%}
        {%- set work.parts = work_table(
            work_tables, 'parts_' ~ round, moved_parts_sql(work.parts, moves)
        ) -%}
        {%- set work.moved = run_query('select count(*) from ' ~ moves)[0][0] -%}
    {%- endfor -%}

    {{ return(finished_table(
        target_relation,
        'select node_id, component_id from ' ~ work.parts,
        post_hooks,
        work_tables
    )) }}

{% endmaterialization %}
