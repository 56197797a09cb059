"""The words of the mapping table, in English and Chinese."""

from collections.abc import Mapping
from typing import Literal

from reverse_etl.syncs import ColumnTest

Language = Literal["en", "zh"]
_Words = Mapping[str, tuple[str, str]]
"""By what the project or the CRM calls it: how English and Chinese say it."""

HEADINGS: _Words = {
    "field": ("CRM field", "CRM 字段"),
    "label": ("label", "名称"),
    "type": ("type", "类型"),
    "length": ("length", "长度"),
    "required": ("required", "必填"),
    "options": ("options", "选项"),
    "described_by": ("described by", "字段说明来自"),
    "owner": ("owner", "以谁为准"),
    "column": ("our column", "我方字段"),
    "sources": ("source columns", "来源字段"),
    "rule": ("rule", "规则"),
    "default": ("default", "默认值"),
    "links_to": ("links to", "关联到"),
    "personal_data": ("personal data", "个人信息"),
    "tests": ("tests", "检验"),
}
"""The columns of the table, in their order."""

ABOUT: _Words = {
    "destination": ("destination", "目标系统"),
    "object": ("object", "对象"),
    "records": ("records", "同步范围"),
    "key": ("key field", "主键字段"),
    "mode": ("mode", "方式"),
    "on_missing": ("no longer wanted", "不再需要的记录"),
    "on_gone": ("taken out by people", "被人删除的记录"),
    "flag": ("flagged by", "标记为"),
    "match": ("recognised by", "认领依据"),
    "hash": ("hash", "映射校验码"),
    "signature": ("signature", "签字"),
}
"""What is said of a sync above its table."""

OF_A_CHANGE: _Words = {
    "sync": ("sync", "同步"),
    "field": ("field", "字段"),
    "what": ("what", "变更项"),
    "was": ("signed", "已签字"),
    "now": ("now", "现在"),
}
OF_WHAT_IS_SIGNED: _Words = {
    "records_zh": ("Chinese records", "中文同步范围"),
    "max_length": ("longest", "最大长度"),
    "label_zh": ("Chinese label", "中文名称"),
    "rule_zh": ("Chinese rule", "中文规则"),
    "required_link": ("link required", "必须关联"),
    "changed_at": ("our time of change", "我方修改时间"),
    "changed_at_field": ("the CRM's time of change", "CRM 修改时间"),
    "source": ("stated source", "注明的来源"),
}
"""What is signed, where the table has another column for it or none."""

_TYPES: _Words = {
    "text": ("text", "文本"),
    "varchar": ("text", "文本"),
    "textarea": ("textarea", "多行文本"),
    "number": ("number", "数字"),
    "bigint": ("whole number", "整数"),
    "integer": ("whole number", "整数"),
    "boolean": ("boolean", "是/否"),
    "bool": ("boolean", "是/否"),
    "date": ("date", "日期"),
    "datetime": ("datetime", "日期时间"),
    "timestamp": ("datetime", "日期时间"),
    "select": ("select", "单选"),
    "enumeration": ("select", "单选"),
    "link": ("link", "关联"),
    "email": ("email", "邮箱"),
    "url": ("url", "网址"),
    "phone": ("phone", "电话"),
}
_WORDS: _Words = {
    # who describes a field
    "by_crm": ("the CRM", "CRM"),
    "by_profile": ("the CRM's profile", "CRM 配置文件"),
    "by_sample": ("a sample of records", "记录抽样"),
    "by_model": ("the sync's model", "同步模型"),
    # owners
    "warehouse": ("warehouse: we write it", "数仓：由我方写入"),
    "crm": ("crm: we never write it", "CRM：我方从不写入"),
    "fill_empty": ("fill_empty: written only where empty", "补空：仅在为空时写入"),
    "newest": ("newest: who changed it last wins", "取新：以最后修改者为准"),
    "review": ("review: a person decides on conflicts", "人工：双方都改过时由人决定"),
    # modes, and what becomes of what is no longer wanted
    "upsert": ("upsert: creates and updates", "新增并更新"),
    "create_only": ("create_only: leaves alone what is there", "只新增，不改已有记录"),
    "update_only": ("update_only: never creates", "只更新，从不新增"),
    "mirror": ("mirror: creates, updates and removes", "镜像：新增、更新并移除"),
    "keep": ("kept", "保留"),
    "recreate": ("made anew", "重新创建"),
    "flag": ("flagged", "标记"),
    "archive": ("archived", "归档"),
    "delete": ("deleted", "删除"),
    "as_it_can": ("archived, or deleted where the CRM can't archive", "归档；CRM 不能归档则删除"),
    # kinds of personal data
    "name": ("name", "姓名"),
    "address": ("address", "地址"),
    "national_id": ("national ID", "身份证件号"),
    "wechat": ("WeChat", "微信"),
    "birth_date": ("birth date", "出生日期"),
    "mixed": ("of several kinds", "多种"),
    # whole answers
    "yes": ("yes", "是"),
    "added": ("added", "新增"),
    "removed": ("removed", "已删除"),
    "not_theirs": ("the CRM's own; left alone", "CRM 自有字段，不改动"),
    "computed": ("computed: no column of a source", "计算得出，不取自来源字段"),
    "stated": ("(stated)", "（人工注明）"),
    "beyond": ("not to be read from the SQL beyond", "无法从 SQL 推得，止于"),
    "uncompiled": ("unknown until `dbt compile`:", "未知，请先运行 `dbt compile`："),
    "signed": ("signed by {by} on {on}", "{by} 于 {on} 签字"),
    "changed": (
        "signed by {by} on {on}, and changed since",
        "{by} 于 {on} 签字，之后有变更",
    ),
    "unsigned": ("not signed", "未签字"),
    "title": ("Field mapping", "字段映射表"),
    "for_business": ("For business", "业务方"),
    "for_engineering": ("For engineering", "技术方"),
    "signed_here": ("name, date, signature", "姓名、日期、签字"),
}
_TESTS: _Words = {
    "not_null": ("never null", "不为空"),
    "not_blank": ("never blank", "不为空白"),
    "unique": ("no two alike", "不重复"),
    "relationships": ("is a {field} of {to}", "存在于 {to} 的 {field}"),
    "accepted_values": ("one of: {values}", "只能是：{values}"),
    "money_text": ("an amount with two decimals", "两位小数的金额"),
}


def word(name: str, language: Language, of: _Words = _WORDS) -> str:
    """How a language says it; the name itself if it isn't known here."""
    return of[name][_place(language)] if name in of else name


def type_of(name: str, language: Language) -> str:
    """A field's type."""
    return word(name, language, _TYPES)


def kind(name: str, language: Language) -> str:
    """A kind of personal data."""
    return word(name, language, _TYPES if name in _TYPES else _WORDS)


def test(done: ColumnTest, language: Language) -> str:
    """What a test holds a column to."""
    if done.name in _TESTS:
        return word(done.name, language, _TESTS).format_map(dict(done.arguments))
    return str(done).replace("_", " ", done.name.count("_"))


def _place(language: Language) -> int:
    return ("en", "zh").index(language)
