{#-
    A street in letters is long enough to tell by itself, and its town stands in it, as anybody writes it.
    Of its numbers a slip is as near as the next house: only one digit may differ.
-#}
{% macro is_like_street(one, other) -%}
    {%- set shares_number -%}
        list_has_any(
            string_split({{ one }}.number_key, '-'), string_split({{ other }}.number_key, '-')
        )
    {%- endset -%}
    (
        {{ one }}.number_key is not null
        and {{ other }}.number_key is not null
        and contains({{ one }}.rest_key, ' ')
        and contains({{ other }}.rest_key, ' ')
        and (
            (
                ({{ shares_number }} or {{ is_slip(one ~ '.number_key', other ~ '.number_key') }})
                and damerau_levenshtein({{ one }}.rest_key, {{ other }}.rest_key)
                <= greatest(length({{ one }}.rest_key), length({{ other }}.rest_key)) / 6
            )
            or ({{ shares_number }} and {{ is_same_street(one, other) }})
        )
    )
{%- endmacro %}
