{#- One slip, or one in front of the @ and two behind it; li.wei@ is short enough to be another one's. -#}
{% macro is_like_email(email, other_email) -%}
    {%- set mailbox, other_mailbox = "split_part(" ~ email ~ ", '@', 1)", "split_part(" ~ other_email ~ ", '@', 1)" -%}
    (
        {{ is_within(email, other_email, 3) }}
        and (
            {{ is_within(email, other_email, 1) }}
            or (
                least(length({{ mailbox }}), length({{ other_mailbox }})) > 6
                and {{ is_within(mailbox, other_mailbox, 1) }}
            )
        )
    )
{%- endmacro %}
