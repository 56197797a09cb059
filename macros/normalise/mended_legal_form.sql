{#- 佑限公司, 有现公司, 有公司, 限公司, 有限司: slips in what nearly every Chinese company is called -#}
{% macro mended_legal_form(expression) -%}
    {{ regexp_replaced(
        regexp_replaced(
            regexp_replaced(
                regexp_replaced(
                    expression, '([佑友又右由]限|有[现陷县先])(责任)?公司', '有限\\2公司'
                ),
                '有限(司|工司|公思|公诗)$',
                '有限公司'
            ),
            '([^有无极权])限公司',
            '\\1有限公司'
        ),
        '([^国所拥富私])有公司',
        '\\1有限公司'
    ) }}
{%- endmacro %}
