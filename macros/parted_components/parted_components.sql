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
    {%- set work = namespace(moved=1, rounds=0) -%}
    {%- set given = work_table(this, 'given_0', sql) -%}
    {%- set work.parts = work_table(this, 'parts_0', first_parts_sql(given)) -%}
    {%- for round in range(1, max_rounds + 1) if work.moved > 0 -%}
        {%- set moves = work_table(this, 'moves_' ~ round, joining_moves_sql(given, work.parts)) -%}
        {%- set work.parts = work_table(
            this, 'parts_' ~ round, moved_parts_sql(work.parts, moves)
        ) -%}
        {%- set work.moved = run_query('select count(*) from ' ~ moves)[0][0] -%}
        {%- set work.rounds = round -%}
    {%- endfor -%}

    {%- call statement('main') -%}
        {{ get_create_table_as_sql(
            False, intermediate_relation, 'select node_id, component_id from ' ~ work.parts
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
    {%- for round in range(work.rounds + 1) -%}
        {%- for kind in ['given', 'parts', 'moves'] -%}
            {%- do drop_work_table(this, kind ~ '_' ~ round) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}
