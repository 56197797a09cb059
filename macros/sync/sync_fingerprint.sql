{#- One md5 over what a sync may write of a row, in the given order; the engine's prefilter for what has changed. -#}
{#- sync_fingerprint(['name', 'mobile']) -> md5(coalesce(length(name) || ':' || name, '-') || coalesce(length(mobile) || ':' || mobile, '-')) -#}
{#- Each value is preceded by its length and null is a dash, so no two different rows can spell the same text:
    neither a null that moves to the next column, nor a separator that somebody typed. -#}
{% macro sync_fingerprint(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- set text = 'cast(' ~ column ~ ' as ' ~ api.Column.translate_type('string') ~ ')' -%}
        {%- do parts.append(
            "coalesce(cast(length(" ~ text ~ ") as " ~ api.Column.translate_type('string') ~ ") || ':' || " ~ text ~ ", '-')"
        ) -%}
    {%- endfor -%}
    md5({{ parts | join(' || ') }})
{%- endmacro %}
