{#-
    Of pairs that share a phone, a mailbox or a house, in most lists of customers two thirds have
    other names and other birth dates: they are relatives. In a list that has one record of each
    household, or none but persons, hardly any are, and what is shared tells more by as much. It
    needs some fifty pairs to say so.
-#}
{% macro household_doubt_bits(two_count, pair_count) -%}
    {%- set usual, doubt = 2, 50 -%}
    cast(
        least(greatest(-log2(
            (coalesce({{ two_count }}, 0) + {{ usual * doubt }})
            / (coalesce({{ pair_count }}, 0) - coalesce({{ two_count }}, 0) + {{ doubt }})
            / {{ usual }}
        ), 0), 6) as decimal(9, 3)
    )
{%- endmacro %}
