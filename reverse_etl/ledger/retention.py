"""What the ledger forgets: values by their age, and every value of one key.

The facts of delivery stay, and so does the id map: what was sent when, which
fields, with what outcome, and which record of the CRM is whose. SQLite
overwrites what is deleted; the pages are given back afterwards, and the
write-ahead log, which still holds what they were, is emptied.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Select,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy import tuple_ as row_of

from crm.processes import Holder, is_alive
from reverse_etl.clock import text
from reverse_etl.errors import (
    HeldByAnotherError,
    LedgerError,
    SyncConfigurationError,
    UnsettledError,
)
from reverse_etl.ledger.schema import (
    deliveries,
    delivery_values,
    erasures,
    intents,
    leases,
    records,
    rejects,
    review_values,
    reviews,
    runs,
)
from reverse_etl.ledger.store import Ledger, held_by

CHUNK = 500
"""Rows in one transaction: a sync that writes at the same time waits some milliseconds for it."""
PAGES = 256
"""Pages given back in one transaction: 4 MB."""
PATIENCE = 30.0
"""Seconds to wait for others who use the ledger."""
NOTHING = "{}"
_KEPT_IF_UNDONE = case((records.c.state == "undone", records.c.fingerprint))
"""Without its fingerprint a record that was undone would be wanted again."""
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Purged:
    """Of how much of a sync the values are gone."""

    sync: str
    deliveries: int
    """Deliveries whose payload, before-image and CRM's words are gone."""
    records: int
    """Removed records of which it isn't known any more what they held."""
    reviews: int = 0
    """Settled questions of which the values are gone; what was decided is known by its hash."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What is gone of one key in one sync."""

    sync: str
    key: str
    deliveries: int
    """Deliveries whose payload, before-image and CRM's words are gone."""
    known: bool
    """Whether it was known what the record holds."""
    queued: bool
    """Whether it waited in the queue."""
    reviews: int = 0
    """Questions that people were asked about it, whose answers are gone too."""

    @property
    def is_anything(self) -> bool:
        """Whether there was anything to erase."""
        return bool(self.deliveries or self.known or self.queued or self.reviews)


def moment_before(now: datetime, age: str) -> str:
    """The moment that lies an age such as `90d`, `12w` or `36h` before now, as the ledger has it.

    Raises:
        SyncConfigurationError: that is no age.
    """
    found = re.fullmatch(r"(\d{1,5})([hdw])", age)
    if found is None:
        raise SyncConfigurationError(f"`{age}` is no age; write 36h, 90d or 12w")
    return text(now - timedelta(**{_UNITS[found[2]]: int(found[1])}))


def purge(
    ledger: Ledger, before: str, sync: str | None = None, *, preview: bool = False
) -> list[Purged]:
    """Forget the values of what was delivered, removed or settled before a moment.

    It may run while syncs are applied: it goes in small transactions. What is known of the
    records that are in the CRM stays, for the plan needs it; so does what is under way.

    Raises:
        SyncConfigurationError: no such sync was ever applied.
    """
    names = _known_syncs(ledger, sync)
    delivered: Counter[str] = Counter()
    for page in _paged(ledger, _old_deliveries(ledger, before, names), deliveries.c.delivery_id):
        delivered.update(row.sync for row in page)
        if not preview:
            ids = [row.delivery_id for row in page]
            with ledger.writing() as connection:
                connection.execute(
                    delete(delivery_values).where(delivery_values.c.delivery_id.in_(ids))
                )
    removed: Counter[str] = Counter()
    for page in _paged(ledger, _removed_records(before, names), records.c.sync, records.c.key):
        removed.update(row.sync for row in page)
        if not preview:
            with ledger.writing() as connection:
                for row in page:
                    # looked at once more: a record may have come back meanwhile
                    connection.execute(
                        update(records)
                        .where(records.c.sync == row.sync, records.c.key == row.key)
                        .where(*_is_removed(before))
                        .values(sent=NOTHING, observed=None, fingerprint=_KEPT_IF_UNDONE)
                    )
    asked = _purge_reviews(ledger, before, names, preview=preview)
    return [
        Purged(name, delivered[name], removed[name], asked[name])
        for name in names
        if delivered[name] or removed[name] or asked[name]
    ]


def erase(
    ledger: Ledger, keys: Sequence[str], sync: str | None = None, *, preview: bool = False
) -> list[Erased]:
    """Forget every value of these keys, in one transaction; the next plan looks at the CRM anew.

    Raises:
        SyncConfigurationError: no such sync was ever applied.
        HeldByAnotherError: one of the syncs is being applied; nothing was erased.
        UnsettledError: what became of a key isn't known yet; nothing was erased.
    """
    names = _known_syncs(ledger, sync)
    looked_at = _refuse_unsettled(ledger, names, keys)
    if preview:
        with ledger.reading() as connection:
            _refuse_held(connection, names, looked_at)
            return _found(connection, names, keys)
    now = ledger.world.now()
    with ledger.writing() as connection:
        _refuse_held(connection, names, looked_at)
        found = _found(connection, names, keys)
        for each in found:
            _erase_one(connection, each, now)
    return found


def wipe(ledger: Ledger, *, rewrite: bool = False) -> bool:
    """Give back the pages that hold nothing any more, and empty the write-ahead log.

    When SQLite moves rows between pages, it leaves copies in the unused parts of pages, of
    which it knows nothing afterwards. With `rewrite` the file is written anew, without those;
    nobody else can write meanwhile, so that isn't done while a sync is applied.

    Returns whether all of that could be done; the log can't be emptied while it is read.

    Raises:
        LedgerError: the file can't be written.
    """
    is_whole = True
    if rewrite:
        with ledger.reading() as connection:
            is_whole = rewrite = not list(_living(connection))
    with ledger.let_go() as path:
        try:
            with closing(
                sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
            ) as connection:
                connection.execute("pragma secure_delete = on")
                if rewrite:
                    connection.execute("vacuum")
                [free] = connection.execute("pragma freelist_count").fetchone()
                for _ in range(0, free, PAGES):
                    # the driver takes only the first step of this one in `execute`
                    connection.executescript(f"pragma incremental_vacuum({PAGES})")
                is_read, _, _ = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
        except sqlite3.Error as error:
            raise LedgerError(f"the ledger {path}: {error}; run the command once more") from error
    return is_whole and not is_read


def _known_syncs(ledger: Ledger, sync: str | None) -> list[str]:
    with ledger.reading() as connection:
        applied = select(runs.c.sync).distinct().order_by(runs.c.sync)
        names: list[str] = list(connection.scalars(applied))
    if sync is None:
        return names
    if sync not in names:
        # a slip of the pen mustn't look as if there were nothing to forget
        known = ", ".join(names) or "none"
        raise SyncConfigurationError(f"no sync {sync} was ever applied; there are: {known}")
    return [sync]


def _paged(ledger: Ledger, query: Select[Any], *key: Column[Any]) -> Iterator[Sequence[Any]]:
    """The rows of a query, some at a time in the order of a key; the ledger is free in between."""
    place = row_of(*key)
    page = query
    while True:
        with ledger.reading() as connection:
            rows = connection.execute(page.order_by(*key).limit(CHUNK)).all()
        if not rows:
            return
        yield rows
        page = query.where(place > row_of(*(getattr(rows[-1], column.name) for column in key)))


def _old_deliveries(ledger: Ledger, before: str, names: Sequence[str]) -> Select[Any]:
    d, v = deliveries.c, delivery_values.c
    with ledger.reading() as connection:
        first = connection.execute(select(func.min(v.delivery_id))).scalar() or 0
    return select(d.sync, d.delivery_id).where(
        # the facts of all that was purged earlier lie before it
        d.delivery_id >= first,
        d.outcome_at < before,
        # not by the index of syncs and keys: each page would sort all deliveries of the sync
        d.sync.concat("").in_(names),
        exists().where(v.delivery_id == d.delivery_id),
    )


def _purge_reviews(
    ledger: Ledger, before: str, names: Sequence[str], *, preview: bool
) -> Counter[str]:
    """Forget the values of settled questions; those that wait need theirs."""
    c, v = reviews.c, review_values.c
    query = select(c.sync, c.key, c.field).where(
        c.sync.in_(names),
        c.state == "settled",
        c.settled_at < before,
        exists().where(v.sync == c.sync, v.key == c.key, v.field == c.field),
    )
    asked: Counter[str] = Counter()
    for page in _paged(ledger, query, c.sync, c.key, c.field):
        asked.update(row.sync for row in page)
        if not preview:
            with ledger.writing() as connection:
                for row in page:
                    is_still_settled = exists().where(
                        c.sync == v.sync, c.key == v.key, c.field == v.field, c.state == "settled"
                    )
                    connection.execute(
                        delete(review_values)
                        .where(v.sync == row.sync, v.key == row.key, v.field == row.field)
                        .where(is_still_settled)
                    )
    return asked


def _removed_records(before: str, names: Sequence[str]) -> Select[Any]:
    r = records.c
    return select(r.sync, r.key).where(r.sync.in_(names), *_is_removed(before))


def _is_removed(before: str) -> tuple[Any, ...]:
    r = records.c
    holds_values = or_(r.sent != NOTHING, r.observed.is_not(None))
    return (r.state != "live", r.changed_at < before, holds_values)


def _refuse_unsettled(ledger: Ledger, names: Sequence[str], keys: Sequence[str]) -> set[str]:
    """Refuse if one of the keys is under way; gives the batches that were looked at."""
    looked_at = set()
    for name in names:
        for intent in ledger.unsettled(name):
            looked_at.add(intent.batch_id)
            for attempt in intent.attempts:
                if attempt.key in keys:
                    raise UnsettledError(
                        f"what became of {attempt.key} in {name} isn't known yet; "
                        f"`reverse-etl apply {name}` finds out first, then erase it"
                    )
    return looked_at


def _refuse_held(connection: Connection, names: Sequence[str], looked_at: set[str]) -> None:
    """Refuse if one of the syncs is being applied: it would write down again what it holds."""
    for row in _living(connection):
        if row.sync in names:
            raise held_by(row)
    batches = select(intents.c.batch_id).where(intents.c.sync.in_(names))
    opened: set[str] = set(connection.scalars(batches))
    if opened - looked_at:
        raise HeldByAnotherError("a sync was applied at this very moment; run it once more")


def _living(connection: Connection) -> Iterator[Any]:
    """The leases of processes that live."""
    for row in connection.execute(select(leases)):
        if is_alive(Holder(row.host, row.pid, row.process_started)):
            yield row


def _found(connection: Connection, names: Sequence[str], keys: Sequence[str]) -> list[Erased]:
    found = [_found_one(connection, name, key) for name in names for key in keys]
    return [each for each in found if each.is_anything]


def _found_one(connection: Connection, name: str, key: str) -> Erased:
    r, q = records.c, rejects.c
    known = select(r.key).where(
        r.sync == name,
        r.key == key,
        or_(r.sent != NOTHING, r.observed.is_not(None), r.fingerprint.is_not(None)),
    )
    queued = select(q.key).where(
        q.sync == name, q.key == key, or_(q.state == "waiting", q.fingerprint.is_not(None))
    )
    asked = select(func.count()).where(reviews.c.sync == name, reviews.c.key == key)
    counted = select(func.count()).where(delivery_values.c.delivery_id.in_(_ids_of(name, key)))
    return Erased(
        name,
        key,
        connection.execute(counted).scalar_one(),
        connection.execute(known).first() is not None,
        connection.execute(queued).first() is not None,
        connection.execute(asked).scalar_one(),
    )


def _erase_one(connection: Connection, each: Erased, now: str) -> None:
    r, q = records.c, rejects.c
    connection.execute(
        delete(delivery_values).where(
            delivery_values.c.delivery_id.in_(_ids_of(each.sync, each.key))
        )
    )
    connection.execute(
        update(records)
        .where(r.sync == each.sync, r.key == each.key)
        .values(sent=NOTHING, observed=None, fingerprint=None, changed_at=now)
    )
    connection.execute(
        update(rejects)
        .where(q.sync == each.sync, q.key == each.key)
        .values(state="resolved", fingerprint=None, last_at=now)
    )
    for table in (review_values, reviews):
        # with the hashes: a number has few enough digits to be guessed from its hash
        connection.execute(delete(table).where(table.c.sync == each.sync, table.c.key == each.key))
    connection.execute(
        insert(erasures).values(
            sync=each.sync, key=each.key, erased_at=now, deliveries=each.deliveries
        )
    )


def _ids_of(sync: str, key: str) -> Select[Any]:
    d = deliveries.c
    return select(d.delivery_id).where(d.sync == sync, d.key == key)
