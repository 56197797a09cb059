{#-
    Of characters that are taken for each other when they are read or written by hand, the first.
    Each stands in one group, and one of a group at least is rare in names: 芳 and 芬 are sisters.
-#}
{% macro seen_roughly(written) -%}
    {%- set groups = [
        '己已巳', '未末', '日曰', '戊戌戍', '土士', '冶治', '沐沭', '祎袆', '崇祟', '亨享', '侯候',
        '宣宜', '晴睛', '暖暧', '栗粟', '彤肜', '菁箐', '茵菌', '莱菜', '瑞端', '玟玫', '博傅', '妤好',
        '子孑', '宇字', '延廷', '怡恰', '恒桓', '柘拓', '涛祷', '泽译', '吴昊', '茹菇', '籍藉', '谌湛',
        '佟修', '冼洗', '习刁刀', '卞卡', '于干千', '瞿翟', '菅管', '荀苟', '褚诸', '逄逢', '邬邹',
        '阚阙', '靳蕲', '缪谬', '戚威', '戴载', '袁哀', '詹瞻', '薛薜', '萌荫', '钰钮', '铭铬', '鸣呜',
        '令今', '允充', '吏史', '叶汁', '坤珅', '天夭', '平乎', '朋明', '春舂', '杏杳', '永水', '王玉',
        '田由', '秦泰', '裴斐', '龙尤', '孟盂', '万方', '江汪', '李季', '余佘', '尹伊', '柴紫', '贺贸',
        '丘兵', '辛幸', '岑芩', '帅师', '芮苪'
    ] -%}
    {%- set firsts, others = [], [] -%}
    {%- for group in groups -%}
        {%- for character in group[1:] -%}
            {%- do firsts.append(group[0]) -%}
            {%- do others.append(character) -%}
        {%- endfor -%}
    {%- endfor -%}
    translate({{ written }}, '{{ others | join }}', '{{ firsts | join }}')
{%- endmacro %}
