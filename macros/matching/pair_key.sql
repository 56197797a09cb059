{% macro pair_key(entity_type, record_key, other_record_key) -%}
    left(md5({{ entity_type }} || '|' || {{ record_key }} || '|' || {{ other_record_key }}), 12)
{%- endmacro %}
