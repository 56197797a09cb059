{% macro resident_id(expression) -%}
    {%- set body = 'left(' ~ expression ~ ", 6) || '19' || substr(" ~ expression ~ ', 7, 9)' -%}
    {#- those of before 1999 have no century and no check digit; what begins like a card is one -#}
    case
        when
            {{ regexp_matches(
                expression,
                '^[1-8][1-7][0-9]{4}[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}$'
            ) }}
            and {{ resident_id_birth_date(body) }} is not null
            then {{ body }} || {{ resident_id_check_digit('(' ~ body ~ ')') }}
        else {{ expression }}
    end
{%- endmacro %}
