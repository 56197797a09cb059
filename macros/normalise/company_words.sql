{#-
    A company's name in letters, in small ones without accents and signs; what is cut short as often
    as not is written out, and `and` is one word in every language.
-#}
{% macro company_words(expression) -%}
    {%- set words = {
        'intl': 'international', 'bros': 'brothers', 'mfg': 'manufacturing', 'svcs': 'services',
        'svc': 'services', 'assoc': 'associates', 'dept': 'department', 'natl': 'national',
        'props': 'properties', 'prop': 'properties', 'ins': 'insurance', 'tech': 'technologies',
        'technology': 'technologies', 'mgmt': 'management', 'mgt': 'management',
        'dev': 'development', 'eng': 'engineering', 'constr': 'construction', 'inds': 'industries',
        'ind': 'industries', 'indus': 'industries', 'hldgs': 'holdings', 'grp': 'group',
        'dist': 'distribution', 'equip': 'equipment', 'sys': 'systems', 'univ': 'university',
        'inst': 'institute', 'ctr': 'center', 'centre': 'center', 'labs': 'laboratories',
        'lab': 'laboratories', 'mktg': 'marketing', 'transp': 'transport', 'pharm': 'pharmacy',
    } -%}
    {%- set change -%}
        case word
            {%- for word, spelling in words.items() %}
            when '{{ word }}' then '{{ spelling }}'
            {%- endfor %}
            else word
        end
    {%- endset -%}
    {%- set spelling = regexp_replaced(
        regexp_replaced(unaccented(expression), '[&+]', ' and '), '[\\p{P}\\p{S}\\s]+', ' '
    ) -%}
    {{ regexp_replaced(
        regexp_replaced(
            joined_words(changed_words(words_of(spelling), change), ' '),
            '(\\p{L}) (und|u|et|e|y|en|og|och) (\\p{L})',
            '\\1 and \\3'
        ),
        '^the '
    ) }}
{%- endmacro %}
