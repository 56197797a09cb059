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
    {%- set change -%}
        case word
            {%- for word, spelling in words.items() %}
            when '{{ word }}' then '{{ spelling }}'
            {%- endfor %}
            else word
        end
    {%- endset -%}
    {#- Hauptstr. and Hauptstraße are one word -#}
    {%- set street = regexp_replaced(expression, 'stra(ss|ß)e\\b|str\\b', 'str') -%}
    {{ joined_words(kept_words(changed_words(words_of(street), change), "word != ''"), ' ') }}
{%- endmacro %}
