{#-
    Of a list that one system gathered in a year hardly anybody has changed numbers, of one that
    three bought over a decade half have. It needs some fifty pairs to say so.
-#}
{% macro change_bits(other_count, pair_count, usual_share) -%}
    {%- set doubt = 50 -%}
    cast(
        least(greatest(log2(
            ({{ other_count }} + {{ usual_share }} * {{ doubt }})
            / ({{ pair_count }} + {{ doubt }})
            / {{ usual_share }}
        ), -1), 2) as decimal(9, 3)
    )
{%- endmacro %}
