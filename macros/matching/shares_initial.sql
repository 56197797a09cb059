{#-
    J. Thornwick and Jessica Thornwick, and Bob S. and Bob Smith.
    Of the names that aren't full only those with an initial have both a surname and a given name.
-#}
{% macro shares_initial(one, other) -%}
    (
        (
            {{ one }}.surname_key = {{ other }}.surname_key
            and left({{ one }}.given_key, 1) = left({{ other }}.given_key, 1)
        )
        -- R. Smith and Bob Smith
        or (
            {{ one }}.surname_key = {{ other }}.surname_key
            and (
                {%- for short, long in [(one, other), (other, one)] %}
                {{ 'or ' if not loop.first }}coalesce(
                    length({{ kept_words(
                        long ~ '.nickname_keys', 'left(word, 1) = left(' ~ short ~ '.given_key, 1)'
                    ) }}) > 0,
                    false
                )
                {%- endfor %}
            )
        )
        -- M. Delgado and María Delgado Gil
        or (
            left({{ one }}.given_key, 1) = left({{ other }}.given_key, 1)
            and (
                list_contains(string_split({{ other }}.name_words, ' '), {{ one }}.surname_key)
                or list_contains(string_split({{ one }}.name_words, ' '), {{ other }}.surname_key)
            )
        )
        or (
            {{ one }}.surname_key = {{ other }}.given_key
            and (
                {{ one }}.given_key = left({{ other }}.surname_key, 1)
                or {{ other }}.surname_key = left({{ one }}.given_key, 1)
            )
        )
    )
{%- endmacro %}
