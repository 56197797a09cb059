"""Columns of a database as columns of Arrow.

Values are taken as the driver gives them, without SQLAlchemy's conversion a value at a
time; Arrow converts them a column at a time. SQLite keeps DECIMAL as a binary fraction
and dates as text, so there money is asked for as text and never becomes a float here.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from ingestion.errors import ConfigurationError

UNDECLARED = (38, 9)
"""Precision and scale of a decimal that the database declares without any."""

_PLAIN: Mapping[type[sa.types.TypeEngine[Any]], str] = {
    sa.Float: "double",
    sa.Integer: "int64",
    sa.LargeBinary: "binary",
}

Converter = Callable[[Sequence[Any]], pa.Array]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what is selected, and how it becomes Arrow."""

    name: str
    raw: sa.ColumnElement[Any]
    selected: sa.ColumnElement[Any]
    type: pa.DataType
    convert: Converter
    is_text_time: bool = False

    def array(self, values: Sequence[Any]) -> pa.Array:
        """The values as an Arrow array of the column's type."""
        return self.convert(values)

    def bound(self, start: Any) -> Any:
        """A cursor's value as the database compares it."""
        if self.is_text_time and isinstance(start, dt.datetime):
            # SQLite compares text: without the fraction, the bound sorts before any form of
            # the same second, with a T or a blank, with a fraction or without
            return start.strftime("%Y-%m-%d %H:%M:%S")
        if self.is_text_time and isinstance(start, dt.date):
            return start.isoformat()
        return start


def column_of(
    name: str, raw: sa.ColumnElement[Any], declared_as: sa.types.TypeEngine[Any], dialect: str
) -> Column:
    """How a column of a declared type is read."""
    is_sqlite = dialect == "sqlite"
    type_, convert = _arrow(declared_as, is_sqlite=is_sqlite)
    selected = raw
    if is_sqlite and pa.types.is_decimal(type_):
        selected = _exact_text(raw, name, type_.scale)
    is_time = pa.types.is_timestamp(type_) or pa.types.is_date(type_)
    return Column(name, raw, selected, type_, convert, is_text_time=is_sqlite and is_time)


def _arrow(
    declared_as: sa.types.TypeEngine[Any], *, is_sqlite: bool
) -> tuple[pa.DataType, Converter]:
    """The Arrow type of a declared type, and what makes it of the driver's values."""
    # Float is a Numeric to SQLAlchemy, but to nobody who counts money
    if isinstance(declared_as, sa.Numeric) and not isinstance(declared_as, sa.Float):
        type_ = pa.decimal128(*_digits(declared_as))
        return type_, _decimals(type_)
    if isinstance(declared_as, sa.DateTime):
        has_zone = getattr(declared_as, "timezone", False) and not is_sqlite
        type_ = pa.timestamp("us", tz="UTC" if has_zone else None)
        return type_, _times(type_)
    if isinstance(declared_as, sa.Boolean):
        return pa.bool_(), _booleans
    if isinstance(declared_as, sa.Date):
        return pa.date32(), _times(pa.date32())
    return _by_class(declared_as)


def _by_class(declared_as: sa.types.TypeEngine[Any]) -> tuple[pa.DataType, Converter]:
    """The types whose values Arrow takes as they are; any other becomes text."""
    for declared_class, name in _PLAIN.items():
        if isinstance(declared_as, declared_class):
            type_ = pa.type_for_alias(name)
            return type_, _plain(type_)
    return pa.string(), _texts


_DECLARED = re.compile(r"(?:decimal|numeric)\((\d+),\s*(\d+)\)")


def declared(text: str, where: str) -> sa.types.TypeEngine[Any]:
    """A type that the settings name.

    Raises:
        ConfigurationError: it names none.
    """
    lowered = text.strip().lower()
    if found := _DECLARED.fullmatch(lowered):
        return sa.Numeric(int(found[1]), int(found[2]))
    simple: dict[str, sa.types.TypeEngine[Any]] = {
        "text": sa.Text(),
        "bigint": sa.BigInteger(),
        "double": sa.Float(),
        "boolean": sa.Boolean(),
        "timestamp": sa.DateTime(),
        "date": sa.Date(),
    }
    if lowered not in simple:
        raise ConfigurationError(
            f"{where} types: {text!r} is no type; there are decimal(p,s), {', '.join(simple)}"
        )
    return simple[lowered]


def _digits(numeric: sa.Numeric[Any]) -> tuple[int, int]:
    if numeric.precision is None:
        return UNDECLARED
    return min(numeric.precision, 38), numeric.scale or 0


def _exact_text(raw: sa.ColumnElement[Any], name: str, scale: int) -> sa.ColumnElement[Any]:
    """A number of SQLite as the decimal text that was put in.

    SQLite makes a binary fraction of 0.1; its 15 significant digits are those that were
    written, and any more are noise. A number so large that 15 digits don't reach the last
    declared place is given to that place, as SQLite itself would show it. What it kept as
    text or whole number stays as it is.
    """
    return sa.case(
        (sa.func.typeof(raw) != "real", sa.cast(raw, sa.Text())),
        (sa.func.abs(raw) < 10 ** (15 - scale), sa.func.printf("%!.15g", raw)),
        else_=sa.func.printf(f"%!.{scale}f", raw),
    ).label(name)


def _plain(type_: pa.DataType) -> Converter:
    def convert(values: Sequence[Any]) -> pa.Array:
        return pa.array(values, type_)

    return convert


def _decimals(type_: pa.DataType) -> Converter:
    """Decimals from decimals or text; more digits than declared are refused, not rounded."""

    def convert(values: Sequence[Any]) -> pa.Array:
        if any(isinstance(v, str) for v in values):
            return pc.cast(pa.array([v or None for v in values], pa.string()), type_)
        return pa.array(values, type_)

    return convert


def _booleans(values: Sequence[Any]) -> pa.Array:
    return pa.array([None if v is None else _boolean(v) for v in values], pa.bool_())


def _boolean(value: Any) -> bool:
    """What databases without a type of their own keep for true and false."""
    if isinstance(value, int):
        if value in (0, 1):
            return bool(value)
    elif isinstance(value, bytes):
        return any(value)
    elif (text := str(value).strip().lower()) in ("1", "t", "true", "y", "yes"):
        return True
    elif text in ("0", "f", "false", "n", "no"):
        return False
    raise ValueError("neither true nor false")


def _times(type_: pa.DataType) -> Converter:
    """Times from times, or from text in an ISO form."""

    def convert(values: Sequence[Any]) -> pa.Array:
        if not any(isinstance(v, str) for v in values):
            if any(isinstance(v, int | float) for v in values):
                raise ValueError("a number where a time is declared")
            return pa.array(values, type_)
        texts = pa.array([v or None for v in values], pa.string())
        try:
            return pc.cast(texts, type_)
        except pa.ArrowInvalid:
            return pa.array([_parsed(v) for v in texts.to_pylist()], type_)

    return convert


def _parsed(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text.strip())


def _texts(values: Sequence[Any]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return pa.array([_text(v) for v in values], pa.string())


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "backslashreplace")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
