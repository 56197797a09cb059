{#- Money or a quantity out of text, exactly; null if the text is no number or has more decimals than it may. -#}
{#- parse_decimal('amount', 2) -> case when regexp_matches(…) then cast(… as decimal(18, 2)) end -#}
{#- A null where the source had text fails the column's not_null test: nothing is rounded or dropped in silence. -#}
{% macro parse_decimal(expression, scale) -%}
    case
        when {{ regexp_matches(without_grouping(expression), '^[-+]?[0-9]+([.][0-9]{1,' ~ scale ~ '}0*)?$') }}
            then cast({{ without_grouping(expression) }} as decimal(18, {{ scale }}))
    end
{%- endmacro %}

{#- A number's text without the commas between its thousands. -#}
{% macro without_grouping(expression) -%}
    replace({{ clean_text(expression) }}, ',', '')
{%- endmacro %}
