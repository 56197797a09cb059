{% macro document_type(expression) -%}
    case
        when {{ is_resident_id(expression) }} then 'national_id'
        {#- home return permit of Hong Kong and Macao; that of Taiwan; a foreigner's of before 2023 #}
        when {{ regexp_matches(expression, '^([HM][0-9]{8}([0-9]{2})?|[A-Z]{3}[0-9]{12})$') }}
            then 'permit'
        when {{ regexp_matches(expression, '^[A-Z]{1,2}[0-9]{6,9}$') }} then 'passport'
        {#- another country's number; twelve and more digits are a mistyped resident ID #}
        when
            {{ regexp_matches(expression, '^[A-Z0-9]{7,11}$') }}
            and length({{ regexp_replaced(expression, '[^0-9]') }}) >= 5
            and replace({{ expression }}, left({{ expression }}, 1), '') != ''
            then 'foreign_id'
        else 'national_id'
    end
{%- endmacro %}
