{% macro is_pinyin(expression) -%}
    {{ regexp_matches(
        expression,
        '^(?:(?:[zcs]h?|[bpmfdtnlgkhjqxryw])?'
        ~ '(?:i?ang|i?ong|uang|[aei]ng|i?ao|uai|[ui]?an|[aeu]i|[aeiu]n|[io]u|er|i[ae]|u[aeo]|ve|[aeiouv])'
        ~ '[ -]*)+$'
    ) }}
{%- endmacro %}
