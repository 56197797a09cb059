{#-
    DuckDB's distances count bytes, of which a Chinese character has three: here they are counted as
    readers do. At some place, here called a word, one character is another, too many or too few.
-#}
{% macro is_slip_of_character(text, other_text) -%}
    {%- set places = 'range(greatest(length(' ~ text ~ '), length(' ~ other_text ~ ')))' -%}
    {%- set is_else_alike -%}
        left({{ text }}, word) = left({{ other_text }}, word)
        and (
            substr({{ text }}, word + 2) = substr({{ other_text }}, word + 2)
            or substr({{ text }}, word + 1) = substr({{ other_text }}, word + 2)
            or substr({{ text }}, word + 2) = substr({{ other_text }}, word + 1)
        )
    {%- endset -%}
    (
        abs(length({{ text }}) - length({{ other_text }})) <= 1
        and {{ text }} != {{ other_text }}
        and length({{ kept_words(places, is_else_alike) }}) > 0
    )
{%- endmacro %}
