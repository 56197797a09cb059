{% macro unaccented(expression) -%}
    {#- letters that aren't a plain letter with an accent -#}
    {%- set plain = namespace(text='translate(lower(' ~ expression ~ "), 'øłđðı', 'olddi')") -%}
    {%- for letter, spelling in [('ß', 'ss'), ('æ', 'ae'), ('œ', 'oe'), ('þ', 'th')] -%}
        {%- set plain.text = 'replace(' ~ plain.text ~ ", '" ~ letter ~ "', '" ~ spelling ~ "')" -%}
    {%- endfor -%}
    {#- most are plain -#}
    case
        when {{ regexp_matches(expression, '^[ -~]*$') }} then lower({{ expression }})
        else {{ adapter.dispatch('unaccented', 'tongke')(plain.text) }}
    end
{%- endmacro %}

{% macro default__unaccented(text) -%}
    regexp_replace(normalize({{ text }}, 'NFD'), '\\p{Mn}', '')
{%- endmacro %}

{% macro duckdb__unaccented(text) -%}
    strip_accents({{ text }})
{%- endmacro %}
