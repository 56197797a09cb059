{% macro is_part_of_name(one, other) -%}
    (
        list_has_all(string_split({{ other }}.name_words, ' '), string_split({{ one }}.name_words, ' '))
        or (
            {{ one }}.surname_key = {{ other }}.surname_key
            and length({{ one }}.given_key) = 1
            and starts_with({{ other }}.given_key, {{ one }}.given_key)
        )
        or (
            not {{ one }}.is_han
            and {{ one }}.surname_key is null
            and (
                {{ is_slip_of_word(one ~ '.name_words', other ~ '.surname_key') }}
                or {{ is_slip_of_word(one ~ '.name_words', other ~ '.given_key') }}
            )
        )
        or (
            {{ one }}.is_han
            and not {{ other }}.is_han
            and {{ one }}.surname_key is null
            and ends_with({{ other }}.given_key, {{ one }}.given_key)
        )
        -- 贾先生 or 小升, and jiazhisheng, which could be parted in several ways
        or (
            {{ one }}.is_han
            and not {{ other }}.is_han
            and {{ other }}.surname_key is null
            and (
                starts_with({{ other }}.name_words, {{ one }}.surname_key)
                or ends_with({{ other }}.name_words, {{ one }}.given_key)
            )
        )
        or (
            {{ one }}.is_han
            and {{ other }}.is_han
            and {{ one }}.surname_key is null
            and right({{ one }}.written_key, 1) = right({{ other }}.written_key, 1)
        )
    )
{%- endmacro %}
