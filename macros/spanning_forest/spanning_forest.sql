{#-
    A table of (node_id, other_node_id) from a model's SQL of (node_id, other_node_id, strength),
    one row per two nodes: of all links the fewest and strongest that still connect what all of them
    connect, so one link less than nodes. Between two nodes they leave one path, and no other has a
    stronger weakest link. Borůvka's algorithm: every round each tree takes its strongest link to
    another, and what links tie together is one tree from there on. Group-bys and joins only, about
    log(n) rounds whatever the shape; between links of one strength the node ids decide.
-#}
{% materialization spanning_forest, default %}

    {%- set target_relation = begun_table(pre_hooks) -%}
    {%- set work_tables = [] -%}

    {#- a round at least halves the trees, and a step at least halves the way to a root -#}
    {%- set max_rounds = 60 -%}
    {%- set work = namespace(links=none, roots=none, left=1, apart=1) -%}
    {%- set ranked = work_table(work_tables, 'ranked', ranked_links_sql(sql)) -%}
    {%- set work.links = ranked -%}
    {%- set chosen = [] -%}
    {%- for round in range(max_rounds) if work.left > 0 -%}
        {%- set best = work_table(work_tables, 'best_' ~ round, best_links_sql(work.links)) -%}
        {%- do chosen.append('select link_rank from ' ~ best) -%}
        {%- set work.roots = work_table(
            work_tables, 'roots_' ~ round ~ '_0', first_roots_sql(best)
        ) -%}
        {%- set work.apart = 1 -%}
        {%- for step in range(1, max_rounds) if work.apart > 0 -%}
            {%- set nearer = work_table(
                work_tables, 'roots_' ~ round ~ '_' ~ step, nearer_roots_sql(work.roots)
            ) -%}
            {%- set work.roots = nearer -%}
            {%- set work.apart = run_query(
                'select count(*) from ' ~ nearer ~ ' where has_moved'
            )[0][0] -%}
        {%- endfor -%}
        {%- set work.links = work_table(
            work_tables, 'links_' ~ round, links_between_trees_sql(work.links, work.roots)
        ) -%}
        {%- set work.left = run_query('select count(*) from ' ~ work.links)[0][0] -%}
    {%- endfor -%}

    {{ return(finished_table(
        target_relation,
        'select node_id, other_node_id from ' ~ ranked
        ~ ' where link_rank in (' ~ chosen | join(' union ') ~ ')',
        post_hooks,
        work_tables
    )) }}

{% endmaterialization %}
