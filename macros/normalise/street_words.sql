{% macro street_words(expression) -%}
    {#- St is street and bd boulevard; Apt 4, Unit 4 and # 4 are 4; each stands alone between blanks -#}
    {%- set words = {
        'str': 'street', 'strasse': 'street', 'st': 'street', 'rd': 'road', 'av': 'avenue',
        'ave': 'avenue', 'blvd': 'boulevard', 'dr': 'drive', 'ln': 'lane', 'ct': 'court',
        'pl': 'place', 'sq': 'square', 'hwy': 'highway', 'pkwy': 'parkway', 'ter': 'terrace',
        'cir': 'circle', 'cl': 'close', 'cres': 'crescent', 'gdns': 'gardens', 'tce': 'terrace',
        'bd': 'boulevard', 'bvd': 'boulevard', 'r': 'rue', 'rte': 'route', 'all': 'allee',
        'imp': 'impasse', 'avda': 'avenida', 'unit': '', 'apartment': '', 'apt': '', 'ste': '',
        'suite': '', 'flat': '', 'rm': '', 'room': '', 'fl': 'floor', 'bldg': 'building',
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
