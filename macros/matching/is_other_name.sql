{#- Angel, beside a name in Han characters: many have a name of that kind too, and it isn't theirs in pinyin. -#}
{% macro is_other_name(one, other) -%}
    (
        {{ one }}.is_han
        and not {{ other }}.is_han
        and {{ other }}.name_kind = 'part'
        and not {{ is_pinyin(other ~ '.name_words') }}
        and not contains({{ other }}.name_words, ' ')
    )
{%- endmacro %}
