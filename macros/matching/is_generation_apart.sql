{#- Sons are named after their fathers; hardly a daughter after her mother. -#}
{% macro is_generation_apart(one, other) -%}
    (
        abs(year({{ one }}.birth_date) - year({{ other }}.birth_date)) between 15 and 55
        and coalesce({{ one }}.sex, {{ one }}.given_sex, {{ other }}.sex, {{ other }}.given_sex, 'm')
        = 'm'
        -- whose father would be a hundred has a wrong date rather
        and least(year({{ one }}.birth_date), year({{ other }}.birth_date))
        > year({{ as_of() }}) - 100
    )
{%- endmacro %}
