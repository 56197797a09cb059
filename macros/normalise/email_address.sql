{% macro email_address(expression) -%}
    {%- set narrow = "replace(lower(" ~ narrow_text(expression) ~ "), '。', '.')" -%}
    case
        {#- most are typed as they should be, and need no mending #}
        when {{ regexp_matches(expression, '^[a-z0-9][a-z0-9._-]*@[a-z0-9.-]*[a-z0-9]$') }}
            then {{ expression }}
        else {{ regexp_replaced(
            regexp_replaced(
                regexp_replaced(
                    regexp_replaced(narrow, '^.*<([^<>]*)>.*$', '\\1'), '[(\\[]at[)\\]]', '@'
                ),
                '^.*mailto:|[\\s\u3000\u00a0]'
            ),
            "^[.,;:''\"<>()、，]+|[.,;:''\"<>()、，]+$"
        ) }}
    end
{%- endmacro %}
