"""A CRM as a source: what people type there is news for the warehouse.

Records come by the time of their last change. A record that is gone says nothing, so
now and then, and whenever the CRM's count doesn't add up, all of them are read; what we
hold and the CRM no longer has gets a row that says so. That row repeats the last
version, `updated` included, so that a record restored from a backup outranks it.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from crm.errors import ConfigurationError as CrmConfigurationError
from crm.errors import CrmError
from crm.protocol import Crm, RemoteRecord
from ingestion.config import Instance, settings
from ingestion.errors import ConfigurationError, SourceError, TableError
from ingestion.landed import Landed
from ingestion.naming import column_name, distinct
from ingestion.tables import Problem, Reading, Table

_OURS = ("id", "created", "updated", "_is_deleted")


@dataclass(frozen=True, slots=True)
class CrmSettings:
    """`[sources.<name>]` of kind crm."""

    connection: str
    """The section `[crm.<connection>]` that says where the CRM is."""
    objects: tuple[str, ...] = ("companies", "contacts", "orders")
    lag: float = 60.0
    full_every: int = 20
    """Every how many runs all records are read, to find those that are gone."""
    max_removed: float = 0.5
    """The share of the known records that may be gone at once; more is taken for an error."""


def open_source(instance: Instance) -> "CrmSource":
    """The source of an instance."""
    config = settings(instance, CrmSettings)
    return CrmSource(instance.name, config, lambda: _connect(config.connection))


class CrmSource:
    """The objects of one CRM."""

    def __init__(self, name: str, config: CrmSettings, connect: Callable[[], Crm]) -> None:
        self.full_every = config.full_every
        self._name = name
        self._config = config
        self._connect = connect
        self._crm: Crm | None = None
        self._columns: dict[str, dict[str, str]] = {}
        self._problems: list[Problem] = []

    def tables(self, landed: Landed) -> list[Table]:  # noqa: ARG002 - the protocol's signature
        """The configured objects, as the CRM describes them."""
        self._problems, self._columns = [], {}
        found = []
        for name in self._config.objects:
            try:
                fields = [f.name for f in self._connected().describe(name)]
            except CrmConfigurationError as error:
                raise ConfigurationError(f"{self._name}: {error}") from error
            except CrmError as error:
                raise SourceError(f"{self._name}: {name}: {error}") from error
            others = [f for f in fields if f not in _OURS]
            self._columns[name] = dict(zip(others, distinct(map(column_name, others)), strict=True))
            schema = pa.schema(
                [
                    ("id", pa.string()),
                    *((column, pa.string()) for column in self._columns[name].values()),
                    ("created", pa.timestamp("us")),
                    ("updated", pa.timestamp("us")),
                    ("_is_deleted", pa.bool_()),
                ]
            )
            found.append(
                Table(
                    column_name(name),
                    ("id",),
                    schema,
                    cursor="updated",
                    lag=self._config.lag,
                    may_repeat=True,
                )
            )
        return found

    def read(self, reading: Reading) -> Iterator[pa.Table]:
        """The records that changed, and on a full run those that are gone."""
        table = reading.table
        object_name = next(o for o in self._config.objects if column_name(o) == table.name)
        try:
            seen: set[str] = set()
            yield from self._scanned(object_name, reading.start, table.columns, seen)
            held = _alive(reading.landed, table.name)
            if reading.start is not None:
                count = self._connected().count(object_name)
                if count is None or count == len(held | seen):
                    return
                # somebody removed a record: only a look at all of them shows which
                yield from self._scanned(object_name, None, table.columns, seen)
            gone = self._gone(object_name, held - seen)
        except CrmError as error:
            raise TableError(table.name, f"{self._name}: {object_name}: {error}") from error
        if gone and len(gone) > self._config.max_removed * len(held):
            raise TableError(
                table.name,
                f"{self._name}: {len(gone)} of the {len(held)} known {object_name} are gone from "
                "the CRM at once, so none was marked as deleted. May the account still see them? "
                f"If they are really gone, raise [sources.{self._name}] max_removed for one run",
            )
        if gone:
            yield _tombstones(reading.landed, table, gone)

    def problems(self) -> list[Problem]:
        """None: what goes wrong here stops a table."""
        return list(self._problems)

    def close(self) -> None:
        """End the connections."""
        close = getattr(self._crm, "close", None)
        if close is not None:
            close()
        self._crm = None

    def _connected(self) -> Crm:
        if self._crm is None:
            self._crm = self._connect()
        return self._crm

    def _scanned(
        self, object_name: str, start: Any, columns: pa.Schema, seen: set[str]
    ) -> Iterator[pa.Table]:
        since = f"{start.isoformat(timespec='microseconds')}Z" if start is not None else None
        for page in self._connected().scan(object_name, since=since):
            seen.update(record.remote_id for record in page)
            rows = [self._row(object_name, record) for record in page]
            if rows:
                yield pa.Table.from_pylist(rows, schema=columns)

    def _row(self, object_name: str, record: RemoteRecord) -> dict[str, Any]:
        row: dict[str, Any] = {
            column: text(record.fields.get(field))
            for field, column in self._columns[object_name].items()
        }
        return {
            **row,
            "id": record.remote_id,
            "created": moment(record.fields.get("created")),
            "updated": moment(record.updated_at or record.fields.get("updated")),
            "_is_deleted": False,
        }

    def _gone(self, object_name: str, candidates: set[str]) -> set[str]:
        """Those of the records not met that the CRM really doesn't have.

        Pages shift while people work, so a record can slip through a scan.
        """
        crm = self._connected()
        gone = set(candidates)
        ordered = sorted(candidates)
        size = max(crm.capabilities.max_find, 1)
        for first in range(0, len(ordered), size):
            found = crm.find(object_name, "id", ordered[first : first + size])
            gone -= {record.remote_id for record in found}
        return gone


def text(value: Any) -> str | None:
    """A field's value as text: numbers in plain digits, lists and objects as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{Decimal(str(value)):f}"
    if isinstance(value, Mapping | Sequence):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)


def moment(value: Any) -> dt.datetime | None:
    """A CRM's time as UTC without a zone; None if it is none, as in the year 0."""
    if not isinstance(value, str) or not value:
        return None
    try:
        parsed = dt.datetime.fromisoformat(value)
        return parsed.astimezone(dt.UTC).replace(tzinfo=None) if parsed.tzinfo else parsed
    except (ValueError, OverflowError):
        return None


def _alive(landed: Landed, table: str) -> set[str]:
    """The ids of the records that aren't marked as gone."""
    newest = landed.newest(table, "id", ("updated",), columns=("id", "_is_deleted"))
    if newest is None:
        return set()
    is_gone = pc.fill_null(newest["_is_deleted"], fill_value=False)
    return set(newest.filter(pc.invert(is_gone))["id"].to_pylist())


def _tombstones(landed: Landed, table: Table, gone: set[str]) -> pa.Table:
    """The last version of records, marked as gone."""
    newest = landed.newest(table.name, "id", ("updated",))
    assert newest is not None  # noqa: S101 - what is gone was there
    last = newest.filter(pc.is_in(newest["id"], pa.array(sorted(gone))))
    return pa.Table.from_pylist(
        [{**row, "_is_deleted": True} for row in last.to_pylist()], schema=table.columns
    )


def _connect(connection: str) -> Crm:
    from crm.connections import connect  # noqa: PLC0415

    try:
        return connect(connection)
    except CrmConfigurationError as error:
        raise ConfigurationError(f"[crm.{connection}]: {error}") from error
