{#- Lists, whose places are found faster than keys in maps; they count from one, and levels from nought. -#}
{% macro level_weights(comparisons) -%}
    {%- for comparison in comparisons -%}
        list_transform(
            range(max(level) + 1),
            lambda place: map_from_entries(
                list((level, weight)) filter (where comparison = '{{ comparison }}')
            )[place]
        ) as {{ comparison }}
        {%- if not loop.last -%},{%- endif -%}
    {%- endfor -%}
{%- endmacro %}
