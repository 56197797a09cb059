{#- 4-2804 is 4-1-2804 with something left out. -#}
{% macro has_all(words, other_words) -%}
    (list_has_all({{ words }}, {{ other_words }}) or list_has_all({{ other_words }}, {{ words }}))
{%- endmacro %}
