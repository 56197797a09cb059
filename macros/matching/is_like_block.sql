{#-
    In Chinese, 88-3-1201: the numbers tell, and the street may be a slip away. Of
    4号楼1单元2804室 and 4幢2804室 the unit is left out, as is the street before a compound's name,
    or only its number: 后海大道1760号翠湖名邸24幢4单元2304室.
-#}
{% macro is_like_block(one, other) -%}
    {%- set numbers, names, doors, compounds = [], [], [], [] -%}
    {%- for profile in [one, other] -%}
        {%- set parts = "string_split(" ~ profile ~ ".rest_key, '-')" -%}
        {%- do names.append(kept_words(parts, has_han('word'))) -%}
        {%- do numbers.append(kept_words(parts, 'not ' ~ has_han('word'))) -%}
        {%- set door = "'([0-9a-z]+-[0-9a-z-]+)$', 1)" -%}
        {%- do doors.append("regexp_extract(" ~ profile ~ ".rest_key, " ~ door) -%}
        {%- set compound = "'(\\p{Han}{2,})[0-9a-z]+-[0-9a-z-]+$', 1)" -%}
        {%- do compounds.append("nullif(regexp_extract(" ~ profile ~ ".rest_key, " ~ compound ~ ", '')") -%}
    {%- endfor -%}
    (
        not contains({{ one }}.rest_key, ' ')
        and not contains({{ other }}.rest_key, ' ')
        and case
            when {{ one }}.number_key = {{ other }}.number_key
                then
                    jaro_winkler_similarity({{ one }}.rest_key, {{ other }}.rest_key)
                    >= case when length({{ one }}.number_key) > 2 then 0.8 else 0.9 end
            when
                split_part({{ one }}.number_key, '-', -1)
                = split_part({{ other }}.number_key, '-', -1)
                and contains({{ one }}.rest_key, '-')
                and contains({{ other }}.rest_key, '-')
                then
                    {{ has_all(*numbers) }} and {{ has_all(*names) }}
                    or (
                        {{ doors[0] }} = {{ doors[1] }}
                        and coalesce(
                            ends_with({{ compounds[0] }}, {{ compounds[1] }})
                            or ends_with({{ compounds[1] }}, {{ compounds[0] }}),
                            false
                        )
                    )
            else false
        end
    )
{%- endmacro %}
