{#-
    Without the numbers, which are left out and mistyped: 4 Wattle Place, Wattle Pl ace. Of house,
    street and suburb each may stand first or be left out: then most letters are of words in common.
-#}
{% macro is_same_street(one, other) -%}
    {%- set street = regexp_replaced(one ~ '.rest_key', '[^a-z]') -%}
    {%- set other_street = regexp_replaced(other ~ '.rest_key', '[^a-z]') -%}
    {%- set shared_words -%}
        list_intersect(string_split({{ one }}.rest_key, ' '), string_split({{ other }}.rest_key, ' '))
    {%- endset -%}
    {%- set shared_letters = regexp_replaced("array_to_string(" ~ shared_words ~ ", '')", '[^a-z]') -%}
    (
        contains({{ one }}.rest_key, ' ')
        and contains({{ other }}.rest_key, ' ')
        and least(length({{ street }}), length({{ other_street }})) > 10
        and (
            contains({{ street }}, {{ other_street }})
            or contains({{ other_street }}, {{ street }})
            or {{ is_roughly(street, other_street) }}
            or length({{ shared_letters }})
            >= greatest(8, 0.6 * least(length({{ street }}), length({{ other_street }})))
        )
    )
{%- endmacro %}
