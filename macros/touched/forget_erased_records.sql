{#- Raw only grows, but for erasures: whom somebody erased there must not live on here. -#}
{% macro forget_erased_records(raw_relation) -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }}
        where not exists (
            select 1 from {{ raw_relation }} as raw
            where raw.source_system = {{ this.identifier }}.source_system
                and raw.source_record_id = {{ this.identifier }}.source_record_id
        )
    {%- endif -%}
{%- endmacro %}
