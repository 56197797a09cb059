"""The statements of a run, each made once: SQLAlchemy takes longer over one than SQLite."""

import itertools
from collections.abc import Sequence
from functools import cache, cached_property
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    CursorResult,
    Delete,
    Insert,
    Select,
    Update,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert as upsert

from reverse_etl.ledger import schema

_DIALECT = sqlite.dialect(paramstyle="qmark")


class Statement:
    """A statement of which SQLAlchemy writes the SQL when it is first carried out.

    `columns` are those that an insert or an update fills from the values it is given.
    """

    def __init__(self, core: Select[Any] | Insert | Update | Delete, *columns: str) -> None:
        self._core = core
        self._columns = columns

    def execute(self, connection: Connection, **values: Any) -> CursorResult[Any]:
        """Carry it out with these values."""
        sql, names, constants = self._written
        values = constants | values
        return connection.exec_driver_sql(sql, tuple([values[name] for name in names]))

    def execute_many(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Carry it out for each row, whose values stand as they do in the SQL."""
        connection.exec_driver_sql(self._written[0], list(rows))

    @cached_property
    def _written(self) -> tuple[str, Sequence[str], dict[str, Any]]:
        columns = self._columns or None
        compiled = self._core.compile(dialect=_DIALECT, column_keys=columns)
        given = {name: each.value for name, each in compiled.binds.items() if not each.required}
        return str(compiled), compiled.positiontup or (), given


@cache
def inserted(core: Insert, columns: tuple[str, ...], shared: tuple[str, ...], rows: int) -> str:
    """An insert's SQL for so many rows of these columns, which stand as they do in the table.

    It takes the values of the columns that all rows share, and then those of each row.
    """
    sql = str(core.compile(dialect=_DIALECT, column_keys=columns))
    numbers = itertools.count(len(shared) + 1)
    row = [shared.index(name) + 1 if name in shared else None for name in columns]
    numbered = ([f"?{number or next(numbers)}" for number in row] for _ in range(rows))
    filled = ", ".join(f"({', '.join(places)})" for places in numbered)
    return sql.replace(f"({', '.join('?' * len(columns))})", filled, 1)


_d, _i, _l = schema.deliveries.c, schema.intents.c, schema.leases.c
_q, _r, _runs = schema.rejects.c, schema.records.c, schema.runs.c

# runs

LEASE = Statement(select(schema.leases).where(_l.sync == bindparam("the_sync")))
TAKE_LEASE = Statement(insert(schema.leases), *schema.leases.c.keys())
GIVE_BACK = Statement(delete(schema.leases).where(_l.run_id == bindparam("the_run")))
OPEN_RUN = Statement(
    insert(schema.runs),
    "run_id", "sync", "command", "status", "started_at", "plan_id", "mapping_hash", "undoes",
)  # fmt: skip
COUNT_RUN = Statement(update(schema.runs).where(_runs.run_id == bindparam("the_run")), "counts")
CLOSE_RUN = Statement(
    update(schema.runs).where(_runs.run_id == bindparam("the_run")),
    "status", "finished_at", "counts", "message",
)  # fmt: skip

# what is under way

OPEN_INTENTS = Statement(insert(schema.intents), *schema.intents.c.keys())
CLOSE_INTENTS = Statement(delete(schema.intents).where(_i.batch_id == bindparam("the_batch")))
UNSETTLED = Statement(
    select(_i.batch_id, _i.operation, _i.attempts, _i.intent_at, _i.receipt, _i.run_id)
    .where(_i.sync == bindparam("the_sync"))
    .order_by(_i.intent_at, _i.batch_id)
)

# what became of it

LAST_DELIVERY = Statement(select(func.max(_d.delivery_id)))
LAST_DELIVERY_OF = Statement(
    select(func.max(_d.delivery_id)).where(
        _d.sync == bindparam("the_sync"), _d.key == bindparam("the_key")
    )
)
INTO_DELIVERIES = insert(schema.deliveries)
INTO_VALUES = insert(schema.delivery_values)
_TOLD_OF_RECORDS = (
    "remote_id", "origin", "state", "fingerprint", "sent", "observed", "changed_at", "run_id",
)  # fmt: skip
_INTO_RECORDS = upsert(schema.records)
INTO_RECORDS = _INTO_RECORDS.on_conflict_do_update(
    index_elements=["sync", "key"],
    set_={name: _INTO_RECORDS.excluded[name] for name in _TOLD_OF_RECORDS},
)
LIVE_ON = Statement(
    update(schema.records).where(
        _r.sync == bindparam("the_sync"), _r.key == bindparam("the_key"), _r.state == "live"
    ),
    "remote_id", "fingerprint", "changed_at", "run_id",
)  # fmt: skip
_TOLD_OF_REJECTS = (
    "state", "last_at", "operation", "error_code", "error_field", "fingerprint", "run_id",
    "delivery_id",
)  # fmt: skip
_REJECT = upsert(schema.rejects)
REJECT = Statement(
    _REJECT.on_conflict_do_update(
        index_elements=["sync", "key"],
        set_={name: _REJECT.excluded[name] for name in _TOLD_OF_REJECTS}
        | {"attempts": _q.attempts + 1},
    ),
    *schema.rejects.c.keys(),
)
WAITING = Statement(
    select(_q.key).where(_q.sync == bindparam("the_sync"), _q.state == "waiting").limit(1)
)


@cache
def resolve(count: int) -> Statement:
    """Takes so many keys out of the queue."""
    return Statement(
        update(schema.rejects).where(
            _q.sync == bindparam("the_sync"), _q.key.in_(_keys(count)), _q.state == "waiting"
        ),
        "state",
        "last_at",
    )


@cache
def known(count: int) -> Statement:
    """What is known of so many records, those that were removed among them."""
    return Statement(
        select(_r.sync, _r.key, _r.remote_id, _r.origin, _r.state, _r.sent, _r.observed).where(
            _r.sync == bindparam("the_sync"), _r.key.in_(_keys(count))
        )
    )


@cache
def remote_ids(count: int) -> Statement:
    """The CRM's ids of so many."""
    return Statement(
        select(_r.key, _r.remote_id).where(
            _r.sync == bindparam("the_sync"), _r.key.in_(_keys(count)), _r.state == "live"
        )
    )


@cache
def ids_ever(count: int) -> Statement:
    """The CRM's ids that so many have or had."""
    return Statement(
        select(_r.key, _r.remote_id).where(
            _r.sync == bindparam("the_sync"), _r.key.in_(_keys(count))
        )
    )


def the_keys(keys: Sequence[str]) -> dict[str, str]:
    """Keys as the values of a statement that was made for so many."""
    return {f"key_{number}": key for number, key in enumerate(keys)}


def _keys(count: int) -> list[BindParameter[str]]:
    return [bindparam(f"key_{number}") for number in range(count)]
