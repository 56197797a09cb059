{#-
    A table of (node_id, other_node_id) from a model's SQL of (node_id, other_node_id, strength),
    one row per two nodes: of all links the fewest and strongest that still connect what all of them
    connect, so one link less than nodes. Between two nodes they leave one path, and no other has a
    stronger weakest link. Borůvka's algorithm: every round each tree takes its strongest link to
    another, and what links tie together is one tree from there on. Group-bys and joins only, about
    log(n) rounds whatever the shape; between links of one strength the node ids decide.
-#}
{% materialization spanning_forest, default %}

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

    {#- a round at least halves the trees, and a step at least halves the way to a root -#}
    {%- set max_rounds = 60 -%}
    {%- set work = namespace(links=none, roots=none, left=1, apart=1) -%}
    {%- set ranked = work_table(this, 'ranked', ranked_links_sql(sql)) -%}
    {%- set work.links = ranked -%}
    {%- set chosen = [] -%}
    {%- set work_names = ['ranked'] -%}
    {%- for round in range(max_rounds) if work.left > 0 -%}
        {%- do work_names.extend(['best_' ~ round, 'roots_' ~ round ~ '_0', 'links_' ~ round]) -%}
        {%- set best = work_table(this, 'best_' ~ round, best_links_sql(work.links)) -%}
        {%- do chosen.append('select link_rank from ' ~ best) -%}
        {%- set work.roots = work_table(this, 'roots_' ~ round ~ '_0', first_roots_sql(best)) -%}
        {%- set work.apart = 1 -%}
        {%- for step in range(1, max_rounds) if work.apart > 0 -%}
            {%- set name = 'roots_' ~ round ~ '_' ~ step -%}
            {%- do work_names.append(name) -%}
            {%- set nearer = work_table(this, name, nearer_roots_sql(work.roots)) -%}
            {%- set work.roots = nearer -%}
            {%- set work.apart = run_query(
                'select count(*) from ' ~ nearer ~ ' where has_moved'
            )[0][0] -%}
        {%- endfor -%}
        {%- set work.links = work_table(
            this, 'links_' ~ round, links_between_trees_sql(work.links, work.roots)
        ) -%}
        {%- set work.left = run_query('select count(*) from ' ~ work.links)[0][0] -%}
    {%- endfor -%}

    {%- call statement('main') -%}
        {{ get_create_table_as_sql(
            False,
            intermediate_relation,
            'select node_id, other_node_id from ' ~ ranked
            ~ ' where link_rank in (' ~ chosen | join(' union ') ~ ')'
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
    {%- for name in work_names -%}
        {%- do drop_work_table(this, name) -%}
    {%- endfor -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}
