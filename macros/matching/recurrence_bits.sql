{#-
    Where several systems know each customer, who bears a rare name meets it some 0.3 to 0.6 times;
    oftener in a list full of duplicates, and hardly ever in a clean one, where most namesakes are
    two. A list needs hundreds of names to say so.
-#}
{% macro recurrence_bits(namesake_count, bearer_count) -%}
    {%- set least_usual, most_usual, doubt = 0.3, 0.6, 500 -%}
    {%- set recurrence -%}
        (
            (coalesce({{ namesake_count }}, 0) + {{ most_usual * doubt }})
            / (coalesce({{ bearer_count }}, 0) + {{ doubt }})
        )
    {%- endset -%}
    cast(
        least(greatest(log2({{ recurrence }} / {{ most_usual }}), 0), 2)
        + greatest(least(log2({{ recurrence }} / {{ least_usual }}), 0), -3) as decimal(9, 3)
    )
{%- endmacro %}
