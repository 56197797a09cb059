{#- A source that is spelled otherwise shows in its records; what is spelled alike and read otherwise shows here. -#}
{% macro identity_fingerprint() -%}
    {%- set parts = [] -%}
    {%- for node in graph.nodes.values() | sort(attribute='unique_id')
        if node.resource_type in ['model', 'seed'] and ('identity' in node.fqn or 'canonical' in node.fqn) -%}
        {%- do parts.append(node.unique_id ~ node.checksum.checksum) -%}
    {%- endfor -%}
    {%- for name, macro in context.tongke.items() | sort(attribute='0') -%}
        {%- do parts.append(name ~ macro.macro.macro_sql) -%}
    {%- endfor -%}
    {%- for name in [
        'identity_by_probability', 'identity_hub_cap', 'identity_block_cap', 'identity_least_population',
        'identity_merge_probability', 'identity_review_probability', 'identity_review_share'
    ] -%}
        {%- do parts.append(name ~ var(name)) -%}
    {%- endfor -%}
    {#- the registered functions: their code, and the versions of what they call -#}
    {%- do parts.append(run_query('select functions_digest()')[0][0]) -%}
    {{ return(local_md5(parts | join('|'))) }}
{%- endmacro %}
