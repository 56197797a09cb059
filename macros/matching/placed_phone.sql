{#-
    2134903409 is of Los Angeles where nothing is Chinese, and of Shanghai, without its 0, where
    something is; with a 0 or a + before it, it is what it says.
-#}
{% macro placed_phone(phones, texts) -%}
    case
        when
            {{ regexp_matches(
                phones ~ '.phone', '^(?:national:|[+]86)[2-9][0-9]{2}[2-9][0-9]{6}$'
            ) }}
            and {{ regexp_matches(phones ~ '.raw_phone', '^[^0-9+]*[2-9]') }}
            and not coalesce({{ has_han("concat_ws(' ', " ~ texts | join(', ') ~ ")") }}, false)
            then '+1' || right({{ phones }}.phone, 10)
        else {{ phones }}.phone
    end
{%- endmacro %}
