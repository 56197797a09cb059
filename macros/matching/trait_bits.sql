{#- A list that nobody has counted yet is as most are. -#}
{% macro trait_bits(traits) -%}
    {%- for trait in traits -%}
        coalesce(max(bits) filter (where trait = '{{ trait }}'), 0) as {{ trait }}
        {%- if not loop.last -%},{%- endif -%}
    {%- endfor -%}
{%- endmacro %}
