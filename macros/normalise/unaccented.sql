{% macro unaccented(expression) -%}
    {#- letters that aren't a plain letter with an accent -#}
    {%- set text = 'translate(lower(' ~ expression ~ "), 'øłđðı', 'olddi')" -%}
    {%- for letter, spelling in [('ß', 'ss'), ('æ', 'ae'), ('œ', 'oe'), ('þ', 'th')] -%}
        {%- set text = 'replace(' ~ text ~ ", '" ~ letter ~ "', '" ~ spelling ~ "')" -%}
    {%- endfor -%}
    {{ return(adapter.dispatch('unaccented', 'tongke')(text)) }}
{%- endmacro %}

{% macro default__unaccented(text) -%}
    regexp_replace(normalize({{ text }}, 'NFD'), '\\p{Mn}', '')
{%- endmacro %}

{% macro duckdb__unaccented(text) -%}
    strip_accents({{ text }})
{%- endmacro %}
