{#-
    DuckDB counts exchanged letters as one slip slowly, and as two fast: most texts are told apart
    by their lengths, most others by the fast distance.
-#}
{% macro is_within(text, other_text, slips) -%}
    case
        when
            abs(length({{ text }}) - length({{ other_text }})) > {{ slips }}
            or levenshtein({{ text }}, {{ other_text }}) > 2 * {{ slips }}
            then false
        else damerau_levenshtein({{ text }}, {{ other_text }}) <= {{ slips }}
    end
{%- endmacro %}
