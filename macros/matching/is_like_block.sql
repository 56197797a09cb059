{#- 88-3-1201: the numbers tell, and the street may be a slip away; who lives there leaves out the unit, 88-1201. -#}
{% macro is_like_block(one, other) -%}
    {%- set numbers = "string_split(" ~ one ~ ".number_key, '-')" -%}
    {%- set other_numbers = "string_split(" ~ other ~ ".number_key, '-')" -%}
    (
        (
            {{ one }}.number_key = {{ other }}.number_key
            or (
                right({{ one }}.number_key, 3) = right({{ other }}.number_key, 3)
                and contains({{ one }}.number_key, '-')
                and contains({{ other }}.number_key, '-')
                and (
                    list_has_all({{ numbers }}, {{ other_numbers }})
                    or list_has_all({{ other_numbers }}, {{ numbers }})
                )
            )
        )
        and jaro_winkler_similarity({{ one }}.rest_key, {{ other }}.rest_key)
        >= case when length({{ one }}.number_key) > 2 then 0.8 else 0.9 end
    )
{%- endmacro %}
