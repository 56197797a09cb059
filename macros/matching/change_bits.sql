{#-
    Of a list that one system gathered in a year hardly anybody has changed numbers, of one that
    three bought over a decade half have. It needs some fifty pairs to say so.
-#}
{% macro change_bits(attribute, usual) -%}
    {%- set doubt = 50 -%}
    {%- set of_it = "filter (where attribute = '" ~ attribute ~ "')" -%}
    cast(
        least(greatest(log2(
            (coalesce(max(other_count) {{ of_it }}, 0) + {{ usual * doubt }})
            / (coalesce(max(pair_count) {{ of_it }}, 0) + {{ doubt }})
            / {{ usual }}
        ), -1), 2) as decimal(9, 3)
    )
{%- endmacro %}
