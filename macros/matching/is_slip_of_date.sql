{#- One digit, or one of year, month and day. -#}
{% macro is_slip_of_date(date, other_date) -%}
    (
        {{ is_slip(date ~ '::varchar', other_date ~ '::varchar') }}
        or cast(year({{ date }}) = year({{ other_date }}) as integer)
        + cast(month({{ date }}) = month({{ other_date }}) as integer)
        + cast(day({{ date }}) = day({{ other_date }}) as integer) = 2
    )
{%- endmacro %}
