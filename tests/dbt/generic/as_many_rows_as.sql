{% test as_many_rows_as(model, parents) %}

with

expected as (

    {%- for parent in parents %}

    select count(*) as row_count
    from {{ parent.model }}
    where {{ parent.where | default('true') }}

    {%- if not loop.last %}

    union all by name
    {%- endif %}
    {%- endfor %}

),

expected_sum as (

    select sum(row_count) as row_count from expected

),

found as (

    select count(*) as row_count from {{ model }}

)

select
    expected_sum.row_count as expected_row_count,
    found.row_count as found_row_count
from expected_sum
inner join found on expected_sum.row_count != found.row_count

{% endtest %}
