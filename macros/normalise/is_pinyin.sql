{#- Each initial with the finals that it has: by looser ones Nicole Berger would be ni-co-le ber-ger. -#}
{% macro is_pinyin(expression) -%}
    {{ regexp_matches(
        expression,
        '^(?:(?:'
        ~ '[bpm](?:[aoe]|[ae]i|[ao]u|ao|[ae]ng?|i|ie|iao|iu|ian|ing?|u)'
        ~ '|f(?:[ao]|ei|ou|[ae]ng?|u|iao)'
        ~ '|[dt](?:[ae]|[ae]i|ao|ou|[ae]ng?|ong|i|i[ae]|iao|iu|ian|ing|u|u[oi]|uan|un)'
        ~ '|[nl](?:[aoe]|[ae]i|ao|ou|[ae]ng?|ong|i|i[ae]|iao|iu|iang?|ing?|u|u[oe]|uan|un|ve?)'
        ~ '|[gkh](?:[ae]|[ae]i|ao|ou|[ae]ng?|ong|u|u[aoi]|uai|uang?|un)'
        ~ '|[jqx](?:i|i[ae]|iao|iu|iang?|ing?|iong|u|ue|uan|un|ve?)'
        ~ '|(?:[zcs]h?|r)(?:[ae]|[ae]i|ao|ou|[ae]ng?|ong|i|u|u[aoi]|uai|uang?|un)'
        ~ '|y(?:[aeo]|ai|ao|ou|ang?|ing?|ong|i|u|ue|uan|un|ve?)'
        ~ '|w(?:[ao]|[ae]i|[ae]ng?|u)'
        ~ '|e|[ae]i|ao|ou|[ae]ng?|er'
        ~ ')[ -]*)+$'
    ) }}
{%- endmacro %}
