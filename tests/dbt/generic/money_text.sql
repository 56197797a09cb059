{% test money_text(model, column_name) %}

select {{ column_name }}
from {{ model }}
where {{ column_name }} is null or not {{ regexp_matches(column_name, '^-?[0-9]+[.][0-9]{2}$') }}

{% endtest %}
