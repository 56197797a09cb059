{#- A digest of the value of one field of one CRM record, as ingestion makes it of what was sent: what we wrote is told by it, and the value itself stays in the ledger. -#}
{#- value_digest('id', 'field', 'value') -> md5(id || chr(31) || field || chr(31) || value) -#}
{% macro value_digest(record_id, field, value) -%}
    md5({{ record_id }} || chr(31) || {{ field }} || chr(31) || {{ value }})
{%- endmacro %}
