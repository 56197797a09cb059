{% macro is_part_of_name(one, other) -%}
    (
        list_has_all(string_split({{ other }}.name_words, ' '), string_split({{ one }}.name_words, ' '))
        or (
            {{ one }}.is_han
            and {{ other }}.is_han
            and {{ one }}.surname_key is null
            and right({{ one }}.written_key, 1) = right({{ other }}.written_key, 1)
        )
    )
{%- endmacro %}
