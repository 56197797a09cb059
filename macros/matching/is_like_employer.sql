{#-
    Hartmann and Hartmann Systems, Hartman Systems: a word left out or a slip, or a parent and its
    subsidiary. Fewer than two characters, or four letters, may begin any name.
-#}
{% macro is_like_employer(one, other) -%}
    {%- set company, other_company = one ~ '.company_key', other ~ '.company_key' -%}
    (
        least(length({{ company }}), length({{ other_company }}))
        >= case when {{ has_han(company) }} then 2 else 4 end
        and (
            starts_with({{ company }}, {{ other_company }})
            or starts_with({{ other_company }}, {{ company }})
            or case
                when {{ has_han(company) }}
                    then
                        length({{ company }}) > 3
                        and {{ is_slip_of_character(company, other_company) }}
                else
                    jaro_winkler_similarity({{ company }}, {{ other_company }}) >= 0.94
                    and {{ is_within(company, other_company, 2) }}
            end
        )
    )
{%- endmacro %}
