{% test one_row_per(model, columns, filled=[]) %}

{%- set needed = columns + filled %}

select
    {{ columns | join(',\n    ') }},
    count(*) as row_count
    {%- for column in needed %},
    count({{ column }}) as {{ column }}_count
    {%- endfor %}
from {{ model }}
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {%- for column in needed %}
    or count({{ column }}) < count(*)
    {%- endfor %}

{% endtest %}
