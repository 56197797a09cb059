{#- A street in letters is long enough to tell by itself, and its town stands in it, as anybody writes it. -#}
{% macro is_like_street(one, other) -%}
    (
        {{ one }}.number_key is not null
        and {{ other }}.number_key is not null
        and contains({{ one }}.rest_key, ' ')
        and contains({{ other }}.rest_key, ' ')
        and (
            damerau_levenshtein({{ one }}.rest_key, {{ other }}.rest_key)
            <= greatest(length({{ one }}.rest_key), length({{ other }}.rest_key)) / 6
            or (
                list_has_any(
                    string_split({{ one }}.number_key, '-'), string_split({{ other }}.number_key, '-')
                )
                and {{ is_same_street(one, other) }}
            )
        )
    )
{%- endmacro %}
