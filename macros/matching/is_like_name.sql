{#-
    陈 and 程 are heard alike by whoever doesn't tell -n from -ng; 己 and 已 are seen alike. One
    character of the name, and none besides.
-#}
{% macro is_like_name(one, other) -%}
    {%- set written, other_written = one ~ '.written_key', other ~ '.written_key' -%}
    {%- set words, other_words = one ~ '.name_words', other ~ '.name_words' -%}
    (
        length({{ written }}) = length({{ other_written }})
        and {{ is_slip_of_character(written, other_written) }}
        and (
            {{ heard_roughly(words) }} = {{ heard_roughly(other_words) }}
            or {{ seen_roughly(written) }} = {{ seen_roughly(other_written) }}
        )
    )
{%- endmacro %}
