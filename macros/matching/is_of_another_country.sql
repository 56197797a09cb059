{#- DE123456780 and FR123456780; a number without a country may be of either -#}
{% macro is_of_another_country(tax_id, other_tax_id) -%}
    coalesce(
        {{ regexp_matches(tax_id, '^[A-Z]{2}') }}
        and {{ regexp_matches(other_tax_id, '^[A-Z]{2}') }}
        and left({{ tax_id }}, 2) != left({{ other_tax_id }}, 2),
        false
    )
{%- endmacro %}
