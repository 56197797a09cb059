{#- Cut short as often as not; of a name in letters, in small ones, between blanks. -#}
{% macro company_words(expression) -%}
    {%- set words = {
        'intl': 'international', 'bros': 'brothers', 'mfg': 'manufacturing', 'svcs': 'services',
        'assoc': 'associates', 'dept': 'department', 'natl': 'national',
    } -%}
    {%- set change -%}
        case word
            {%- for word, spelling in words.items() %}
            when '{{ word }}' then '{{ spelling }}'
            {%- endfor %}
            else word
        end
    {%- endset -%}
    {{ joined_words(changed_words(words_of(expression), change), ' ') }}
{%- endmacro %}
