{#- 2134903409 is of Los Angeles where nothing is Chinese; a number with a 0 before it is of neither. -#}
{% macro placed_phone(phones, texts) -%}
    case
        when
            {{ phones }}.phone_kind = 'national'
            and {{ regexp_matches(phones ~ '.phone', '^national:[2-9][0-9]{2}[2-9][0-9]{6}$') }}
            and {{ regexp_matches(phones ~ '.raw_phone', '^[^0-9]*[2-9]') }}
            and not coalesce({{ has_han("concat_ws(' ', " ~ texts | join(', ') ~ ")") }}, false)
            then '+1' || right({{ phones }}.phone, 10)
        else {{ phones }}.phone
    end
{%- endmacro %}
