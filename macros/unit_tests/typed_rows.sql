{% macro typed_rows(relation, rows) -%}
    {% if rows | length == 0 -%}
    select * from {{ relation }} where false
    {%- else -%}
    with blank as (

        -- one row of nulls, of the relation's types
        select relation.*
        from (select 1) as one
        left outer join {{ relation }} as relation on false

    )

    {% for row in rows -%}
    select * replace (
        {%- for column, value in row.items() %}
        cast_to_type({{ plain_literal(value) }}, {{ column }}) as {{ column }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    )
    from blank
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
    {%- endif %}
{%- endmacro %}
