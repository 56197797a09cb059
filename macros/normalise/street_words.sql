{% macro street_words(expression) -%}
    {#- St is street, Str straße and Apt apartment; each stands alone between blanks -#}
    {%- set words = {
        'str': 'street', 'strasse': 'street', 'st': 'street', 'rd': 'road', 'av': 'avenue',
        'ave': 'avenue', 'blvd': 'boulevard', 'dr': 'drive', 'ln': 'lane', 'ct': 'court',
        'pl': 'place', 'sq': 'square', 'hwy': 'highway', 'pkwy': 'parkway', 'ter': 'terrace',
        'cir': 'circle', 'apartment': 'unit', 'apt': 'unit', 'ste': 'unit', 'suite': 'unit',
        'flat': 'unit', 'rm': 'unit', 'room': 'unit', 'fl': 'floor', 'bldg': 'building',
        'n': 'north', 's': 'south', 'e': 'east', 'w': 'west', 'no': '', 'mt': 'mount',
    } -%}
    {#- Hauptstr. and Hauptstraße are one word -#}
    {%- set street = namespace(
        text="' ' || " ~ regexp_replaced(expression, 'stra(ss|ß)e\\b|str\\b', 'str') ~ " || ' '"
    ) -%}
    {%- for word, spelling in words.items() -%}
        {%- set street.text = 'replace(' ~ street.text ~ ", ' " ~ word ~ " ', ' " ~ spelling ~ " ')" -%}
    {%- endfor -%}
    trim({{ regexp_replaced(street.text, ' +', ' ') }})
{%- endmacro %}
