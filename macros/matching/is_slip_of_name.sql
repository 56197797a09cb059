{#- Each part for itself, in either order: in a long name Emma would hide in Ella. -#}
{% macro is_slip_of_name(one, other) -%}
    (
        (
            {{ is_slip_of_word(one ~ '.surname_key', other ~ '.surname_key') }}
            and {{ is_slip_of_word(one ~ '.given_key', other ~ '.given_key') }}
        )
        or (
            {{ is_slip_of_word(one ~ '.surname_key', other ~ '.given_key') }}
            and {{ is_slip_of_word(one ~ '.given_key', other ~ '.surname_key') }}
        )
    )
{%- endmacro %}
