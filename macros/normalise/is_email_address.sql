{% macro is_email_address(expression) -%}
    {{ regexp_matches(
        expression, "^[a-z0-9][a-z0-9._%+\'\'-]*@([a-z0-9]([a-z0-9-]*[a-z0-9])?[.])+[a-z]{2,}$"
    ) }}
{%- endmacro %}
