{#-
    A table of (node_id, component_id) from a model's SQL of (node_id, link_id): nodes that share a
    link are connected. Randomised contraction (Bögeholz, Brand, Todor: In-database connected
    component analysis, 2020): every round each node moves to one of its neighbours, chosen by a hash
    that changes with the round, and what has become one node is one node from there on. Group-bys
    and joins only, about log(n) rounds whatever the shape: long chains and hubs too.
    A component's id is one of its nodes, whichever: nobody's key.
-#}
{% materialization connected_components, default %}

    {%- set target_relation = begun_table(pre_hooks) -%}
    {%- set work_tables = [] -%}

    {%- set max_rounds = config.get('max_rounds', 60) -%}
    {%- set work = namespace(left=1, rooted=none) -%}
    {%- set edges = work_table(work_tables, 'edges_0', contracted_edges_sql(sql)) -%}
    {%- set work.edges = edges -%}
    {%- set moves = [] -%}
    {%- for round in range(1, max_rounds + 1) if work.left > 0 -%}
        {%- set moved = work_table(work_tables, 'moves_' ~ round, moves_sql(work.edges, round)) -%}
        {%- do moves.append(moved) -%}
        {%- set work.edges = work_table(
            work_tables, 'edges_' ~ round, contracted_edges_sql(moved_edges_sql(work.edges, moved))
        ) -%}
        {%- set work.left = run_query('select count(*) from ' ~ work.edges)[0][0] -%}
    {%- endfor -%}
    {%- if work.left > 0 -%}
        {%- do exceptions.raise_compiler_error(
            this ~ ': ' ~ work.left ~ ' edges are left after ' ~ max_rounds ~ ' rounds; raise max_rounds'
        ) -%}
    {%- endif -%}

    {%- set work.rooted = moves[-1] -%}
    {%- for moved in (moves | reverse | list)[1:] -%}
        {%- set work.rooted = work_table(
            work_tables, 'roots_' ~ loop.index, rooted_sql(moved, work.rooted)
        ) -%}
    {%- endfor -%}

    {{ return(finished_table(
        target_relation,
        'select node_id, moved_to as component_id from ' ~ work.rooted,
        post_hooks,
        work_tables
    )) }}

{% endmaterialization %}
