{#- What input methods call fuzzy sounds: zh and z, ch and c, sh and s, n and l, and a last -ng. -#}
{% macro heard_roughly(pinyin) -%}
    translate(
        regexp_replace(
            regexp_replace({{ pinyin }}, '([zcs])h', '\1', 'g'), '([aei])ng', '\1n', 'g'
        ),
        'l',
        'n'
    )
{%- endmacro %}
