{% macro rarity_bits(bearer_count) -%}
    cast(population_bits - log2({{ bearer_count }}) as decimal(9, 3))
{%- endmacro %}
