{#-
    Of two records of one customer that are typed by clerks with papers before them, some 1.5 in a
    hundred have birth dates of which neither is a slip of the other. A list in which it is a third
    has made them up, and another date says little there. It needs a hundred pairs to say so.
-#}
{% macro date_doubt_bits(other_date_count, pair_count) -%}
    {%- set usual, doubt = 0.015, 100 -%}
    cast(
        least(greatest(log2(
            (coalesce({{ other_date_count }}, 0) + {{ usual * doubt }})
            / (coalesce({{ pair_count }}, 0) + {{ doubt }})
            / {{ usual }}
        ), 0), 5) as decimal(9, 3)
    )
{%- endmacro %}
