{#- 88-3-1201: the numbers tell, and the street may be a slip away. -#}
{% macro is_like_block(one, other) -%}
    (
        {{ one }}.number_key = {{ other }}.number_key
        and jaro_winkler_similarity({{ one }}.rest_key, {{ other }}.rest_key)
        >= case when length({{ one }}.number_key) > 2 then 0.8 else 0.9 end
    )
{%- endmacro %}
