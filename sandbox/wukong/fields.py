"""Fields: which there are at the start, how they are described, and what values they take."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.wukong.problems import (
    ILLEGAL_CHARACTERS,
    INVALID,
    NO_DATE,
    NO_PHONE,
    NO_PRICE,
    NO_TIME,
    Problem,
)
from sandbox.wukong.switches import Switches

TEXT, TEXTAREA, SELECT, DATE, NUMBER, DECIMAL, MOBILE = 1, 2, 3, 4, 5, 6, 7
DATETIME, EMAIL, CUSTOMER, BUSINESS, CONTACTS, WEBSITE, USER = 13, 14, 15, 16, 17, 25, 28
CONTRACT, BOOLEAN = 20, 41

CUSTOM, FIXED, EXTENDED = 0, 1, 2
"""Of a `fieldType`: values of their own table, columns, and columns that are kept there too."""

FIRST_ID = 1001

MOST_FIELDS = 100
"""Of a module."""

_PHONE = re.compile(r"[0-9+() -]{3,30}")


@dataclass(slots=True)
class Field:
    """One field of one module."""

    field_id: int
    field_name: str
    name: str
    """Its label."""
    type: int = TEXT
    field_type: int = CUSTOM
    max_length: int | None = None
    is_unique: bool = False
    is_required: bool = False
    options: list[str] = field(default_factory=list)

    def described(self) -> dict[str, Any]:
        """As a list of fields shows it."""
        return {
            "fieldId": self.field_id,
            "fieldName": self.field_name,
            "name": self.name,
            "type": self.type,
            "fieldType": self.field_type,
            "maxLength": self.max_length,
            "isUnique": int(self.is_unique),
            "isNull": int(self.is_required),
            "isHidden": 0,
            "options": ",".join(self.options),
        }

    def as_data(self) -> dict[str, Any]:
        """What is worth keeping, as JSON."""
        return asdict(self)

    def kept(self, value: Any, switches: Switches) -> Any:
        """Give a value as it is kept; None is nothing.

        Raises:
            Problem: it isn't acceptable.
        """
        if value is None or value == "":
            return None
        said = self.name if switches.messages_name_fields else ""
        if isinstance(value, str) and any(each in value for each in switches.illegal):
            raise Problem(ILLEGAL_CHARACTERS, f"{said}含有非法字符")
        if self.max_length is not None and len(str(value)) > self.max_length:
            raise Problem(INVALID, f"{said}的长度不能超过{self.max_length}")
        if self.type == SELECT and value not in self.options:
            raise Problem(INVALID, f"{said}不是选项之一")
        check = _CHECKS.get(self.type)
        if check is None:
            return value
        code, read = check
        try:
            return read(value)
        except (ValueError, TypeError, InvalidOperation):
            raise Problem(code, f"{said}的格式不正确") from None


def usual(module: str) -> dict[str, Field]:
    """The fields that every server has; a small choice of them."""
    made = {
        name: Field(field_id, name, label, type_, FIXED, *longest)
        for field_id, (name, label, type_, *longest) in enumerate(_USUAL[module], FIRST_ID)
    }
    for name in _REQUIRED[module]:
        made[name].is_required = True
    return made


def new_field(fields: Mapping[str, Field], said: Mapping[str, Any]) -> Field:
    """Make a custom field, as the administration's pages do.

    Raises:
        Problem: it can't be made.
    """
    if len(fields) >= MOST_FIELDS:
        raise Problem(INVALID, f"a module has at most {MOST_FIELDS} fields")
    field_id = max(each.field_id for each in fields.values()) + 1
    try:
        return Field(**{"field_id": field_id, "name": said.get("field_name"), **said})
    except TypeError:
        raise Problem(INVALID, "a field has a field_name, and may have a name and a type") from None


def _phone(value: Any) -> str:
    if not _PHONE.fullmatch(str(value)):
        raise ValueError
    return str(value)


def _number(value: Any) -> str:
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError
    return f"{number:f}"


def _time(value: Any) -> str:
    return datetime.strptime(str(value), "%Y-%m-%d %H:%M:%S").isoformat(sep=" ")  # noqa: DTZ007  local


def _date(value: Any) -> str:
    return date.fromisoformat(str(value)).isoformat()


def _id(value: Any) -> int:
    return int(value)


def _truth(value: Any) -> int:
    if value not in (0, 1, "0", "1"):
        raise ValueError
    return int(value)


_CHECKS: Mapping[int, tuple[int, Callable[[Any], Any]]] = {
    MOBILE: (NO_PHONE, _phone),
    NUMBER: (NO_PRICE, _number),
    DECIMAL: (NO_PRICE, _number),
    DATETIME: (NO_TIME, _time),
    DATE: (NO_DATE, _date),
    BOOLEAN: (INVALID, _truth),
    **dict.fromkeys((CUSTOMER, BUSINESS, CONTACTS, CONTRACT), (INVALID, _id)),
}

_REACH = (
    ("mobile", "手机", MOBILE, 100),
    ("telephone", "电话", TEXT, 100),
    ("email", "邮箱", EMAIL, 100),
)
_COMMON = (
    ("address", "地址", TEXT, 100),
    ("remark", "备注", TEXTAREA, 800),
    ("nextTime", "下次联系时间", DATETIME),
    ("ownerUserId", "负责人", USER),
)
_USUAL: Mapping[str, tuple[tuple[Any, ...], ...]] = {
    "leads": (("leadsName", "线索名称", TEXT, 255), *_REACH, *_COMMON),
    "customer": (
        ("customerName", "客户名称", TEXT, 255),
        *_REACH,
        ("website", "网址", WEBSITE, 255),
        *_COMMON,
    ),
    "contacts": (
        ("name", "姓名", TEXT, 255),
        ("customerId", "客户", CUSTOMER),
        *_REACH,
        ("post", "职务", TEXT, 255),
        *_COMMON,
    ),
    "product": (("name", "产品名称", TEXT, 255), ("price", "价格", DECIMAL)),
    "business": (
        ("businessName", "商机名称", TEXT, 255),
        ("customerId", "客户", CUSTOMER),
        ("money", "商机金额", DECIMAL),
        ("dealDate", "预计成交日期", DATETIME),
        ("remark", "备注", TEXTAREA, 800),
    ),
    "contract": (
        ("name", "合同名称", TEXT, 255),
        ("customerId", "客户", CUSTOMER),
        ("businessId", "商机", BUSINESS),
        ("money", "合同金额", DECIMAL),
        ("remark", "备注", TEXTAREA, 800),
    ),
}
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "leads": ("leadsName",),
    "customer": ("customerName",),
    "contacts": ("name",),  # the customer as well, with a code of its own
    "product": ("name",),
    "business": ("businessName", "customerId"),
    "contract": ("name", "customerId"),
}
