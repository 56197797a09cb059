{% macro minted_id(entity_type, record_key) -%}
    {{ entity_type }} || '_' || left(md5({{ entity_type }} || ':' || {{ record_key }}), 20)
{%- endmacro %}
