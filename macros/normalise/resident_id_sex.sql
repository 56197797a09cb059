{% macro resident_id_sex(expression) -%}
    case when substr({{ expression }}, 17, 1) in ('1', '3', '5', '7', '9') then 'm' else 'f' end
{%- endmacro %}
