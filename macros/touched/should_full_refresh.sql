{#- Takes the place of dbt's own macro of this name, which knows only the flag and the setting. -#}
{% macro should_full_refresh() -%}
    {%- set configured = config.get('full_refresh') -%}
    {%- if configured is not none -%}
        {{ return(configured) }}
    {%- endif -%}
    {%- set is_kept = model.fqn[1] in ['staging', 'intermediate'] -%}
    {{ return(flags.FULL_REFRESH or (is_kept and not is_partial_build())) }}
{%- endmacro %}
