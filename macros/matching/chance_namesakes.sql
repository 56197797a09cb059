{#- Over counts under the aliases surnames, given_names, written and population. -#}
{% macro chance_namesakes() -%}
    (
        (surnames.bearer_count - written.bearer_count)
        * (given_names.bearer_count - written.bearer_count)
        / population.bearer_count
    )
{%- endmacro %}
