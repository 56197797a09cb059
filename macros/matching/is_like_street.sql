{#-
    A street in letters is long enough to tell by itself, in its own town; another number is a
    neighbour's, unless it is a door's, which one of both leaves out. Where number and postcode or
    town agree, only the end of the street has to be guessed.
-#}
{% macro is_like_street(one, other) -%}
    (
        {{ one }}.number_key is not null
        and {{ other }}.number_key is not null
        and contains({{ one }}.rest_key, ' ')
        and contains({{ other }}.rest_key, ' ')
        and {{ has_all(
            "string_split(" ~ one ~ ".number_key, '-')",
            "string_split(" ~ other ~ ".number_key, '-')"
        ) }}
        and (
            {{ is_roughly(one ~ ".rest_key", other ~ ".rest_key") }}
            or (
                {{ one }}.number_key = {{ other }}.number_key
                and jaro_winkler_similarity({{ one }}.rest_key, {{ other }}.rest_key)
                >= case
                    when {{ one }}.postcode = {{ other }}.postcode then 0.8
                    when {{ one }}.postcode != {{ other }}.postcode then 1
                    when {{ one }}.city_key = {{ other }}.city_key then 0.9
                    else 1
                end
            )
            or {{ is_same_street(one, other) }}
        )
    )
{%- endmacro %}
