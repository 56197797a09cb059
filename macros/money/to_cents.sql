{#- An exact amount with two decimals; halves are rounded away from zero, as on an invoice. -#}
{#- to_cents('amount * rate_to_cny') -> cast(round(amount * rate_to_cny, 2) as decimal(18, 2)) -#}
{% macro to_cents(expression) -%}
    cast(round({{ expression }}, 2) as decimal(18, 2))
{%- endmacro %}
