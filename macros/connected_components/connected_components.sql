{#-
    A table of (node_id, component_id) from a model's SQL of (node_id, link_id): nodes that share a
    link are connected. Randomised contraction (Bögeholz, Brand, Todor: In-database connected
    component analysis, 2020): every round each node moves to one of its neighbours, chosen by a hash
    that changes with the round, and what has become one node is one node from there on. Group-bys
    and joins only, about log(n) rounds whatever the shape: long chains and hubs too.
    A component's id is one of its nodes, whichever: nobody's key.
-#}
{% materialization connected_components, default %}

    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set intermediate_relation = make_intermediate_relation(target_relation) -%}
    {%- set preexisting_intermediate_relation = load_cached_relation(intermediate_relation) -%}
    {%- set backup_type = 'table' if existing_relation is none else existing_relation.type -%}
    {%- set backup_relation = make_backup_relation(target_relation, backup_type) -%}
    {%- set preexisting_backup_relation = load_cached_relation(backup_relation) -%}
    {%- set grant_config = config.get('grants') -%}

    {{ drop_relation_if_exists(preexisting_intermediate_relation) }}
    {{ drop_relation_if_exists(preexisting_backup_relation) }}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set max_rounds = config.get('max_rounds', 60) -%}
    {%- set work = namespace(left=1, rounds=0, rooted=none) -%}
    {%- set edges = work_table(this, 'edges_0', contracted_edges_sql(sql)) -%}
    {%- set work.edges = edges -%}
    {%- set moves = [] -%}
    {%- for round in range(1, max_rounds + 1) if work.left > 0 -%}
        {%- set moved = work_table(this, 'moves_' ~ round, moves_sql(work.edges, round)) -%}
        {%- do moves.append(moved) -%}
        {%- set work.edges = work_table(
            this, 'edges_' ~ round, contracted_edges_sql(moved_edges_sql(work.edges, moved))
        ) -%}
        {%- set work.left = run_query('select count(*) from ' ~ work.edges)[0][0] -%}
        {%- set work.rounds = round -%}
    {%- endfor -%}
    {%- if work.left > 0 -%}
        {%- do exceptions.raise_compiler_error(
            this ~ ': ' ~ work.left ~ ' edges are left after ' ~ max_rounds ~ ' rounds; raise max_rounds'
        ) -%}
    {%- endif -%}

    {%- set work.rooted = moves[-1] -%}
    {%- for moved in (moves | reverse | list)[1:] -%}
        {%- set work.rooted = work_table(
            this, 'roots_' ~ loop.index, rooted_sql(moved, work.rooted)
        ) -%}
    {%- endfor -%}

    {%- call statement('main') -%}
        {{ get_create_table_as_sql(
            False,
            intermediate_relation,
            'select node_id, moved_to as component_id from ' ~ work.rooted
        ) }}
    {%- endcall -%}

    {%- if existing_relation is not none -%}
        {%- set existing_relation = load_cached_relation(existing_relation) -%}
        {%- if existing_relation is not none -%}
            {{ adapter.rename_relation(existing_relation, backup_relation) }}
        {%- endif -%}
    {%- endif -%}
    {{ adapter.rename_relation(intermediate_relation, target_relation) }}
    {%- do create_indexes(target_relation) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do apply_grants(
        target_relation, grant_config, should_revoke=should_revoke(existing_relation, True)
    ) -%}
    {%- do persist_docs(target_relation, model) -%}
    {{ adapter.commit() }}
    {{ drop_relation_if_exists(backup_relation) }}
    {{ drop_work_tables(this, work.rounds) }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}
