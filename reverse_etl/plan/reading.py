"""Read from the CRM what a plan must know of it, with as few requests as will do."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass

import duckdb
import orjson

from crm.errors import RetryableError
from crm.protocol import Crm, RemoteRecord
from reverse_etl.plan.fields import literal
from reverse_etl.plan.finding import looked_for
from reverse_etl.plan.judgement import is_flagged
from reverse_etl.plan.room import execute
from reverse_etl.plan.tables import candidates, ours
from reverse_etl.syncs import Sync

ROWS_AT_ONCE = 1_000
FINDS_FOR_A_PAGE = 10
"""Requests to find records, from which on one more for a page that may not be needed is little."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The records whose field has one of the values."""

    field: str
    values: Sequence[str]


def read_theirs(
    connection: duckdb.DuckDBPyConnection,
    sync: Sync,
    crm: Crm,
    executor: Executor,
    in_flight: int,
    is_stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Fill `theirs` with the CRM's records that the sync's candidates may be.

    What isn't there under the id that we know is looked for once more, as a new one is.

    Raises:
        RetryableError: asked to stop meanwhile.
    """
    for wanted in (_wanted, _lost):
        asked = [each for each in wanted(connection, sync) if each.values]
        if asked:
            pages = fetch_pages(crm, sync.object, asked, executor, in_flight)
            store_theirs(connection, sync, pages, is_stopping)


def store_theirs(
    connection: duckdb.DuckDBPyConnection,
    sync: Sync,
    pages: Iterable[list[RemoteRecord]],
    is_stopping: Callable[[], bool],
) -> None:
    """Put the CRM's records into `theirs`, each once.

    Raises:
        RetryableError: asked to stop meanwhile.
    """
    connection.execute(
        "create or replace table pages (remote_id varchar, fields json, formerly varchar[])"
    )
    for page in pages:
        if is_stopping():
            raise RetryableError("asked to stop while the CRM was read; nothing was sent")
        put_page(connection, page)
    # a record may be found in two ways; what it holds is looked at once its id is known
    execute(
        connection,
        f"insert into theirs select {literal(sync.name)}, remote_id, fields, formerly from pages "
        "where rowid in (select min(rowid) from pages group by remote_id) "
        f"and remote_id not in (select remote_id from theirs where sync = {literal(sync.name)})",
    )
    connection.execute("drop table pages")


def put_page(connection: duckdb.DuckDBPyConnection, page: Iterable[RemoteRecord]) -> None:
    """Put records into the table `pages`, as one JSON text."""
    rows = [
        {"remote_id": each.remote_id, "fields": dict(each.fields), "formerly": each.formerly}
        for each in page
    ]
    connection.execute(
        "insert into pages select unnest(from_json(?::json, "
        """'[{"remote_id": "VARCHAR", "fields": "JSON", "formerly": ["VARCHAR"]}]'), """
        "recursive := true)",
        [orjson.dumps(rows).decode()],
    )


def fetch_pages(
    crm: Crm, object_name: str, wanted: Sequence[Wanted], executor: Executor, in_flight: int
) -> Iterable[list[RemoteRecord]]:
    """Find the wanted records, or read all of them where that takes no more requests."""
    limits = crm.capabilities
    finds = sum(-(-len(each.values) // limits.max_find) for each in wanted)
    # where there is much to be found, to read all is likely to take less: that begins together
    # with the count
    begun = executor.submit(_begin, crm, object_name) if finds >= FINDS_FOR_A_PAGE else None
    held = crm.count(object_name)
    if held is None or -(-held // limits.page_size) > finds:
        return _found(crm, object_name, wanted, executor, in_flight)
    return crm.scan(object_name) if begun is None else _read_on(begun)


Begun = tuple[list[RemoteRecord], Iterator[list[RemoteRecord]]]
"""The first page, and the rest."""


def _begin(crm: Crm, object_name: str) -> Begun:
    pages = crm.scan(object_name)
    return next(pages, []), pages


def _read_on(begun: Future[Begun]) -> Iterator[list[RemoteRecord]]:
    page, rest = begun.result()
    yield page
    yield from rest


def _values(
    connection: duckdb.DuckDBPyConnection, sync: Sync, expression: str, where: str
) -> list[str]:
    """The values of some of the sync's candidates, each once."""
    execute(
        connection,
        f"create or replace table wanted as select distinct {expression} as value "
        f"from {candidates(sync)} where {where} and {expression} is not null order by 1",
    )
    found = connection.execute("select value from wanted")
    # not all rows at once: a row takes as much memory again as its only value
    gathered: list[str] = []
    while rows := found.fetchmany(ROWS_AT_ONCE):
        gathered += [value for (value,) in rows]
    return gathered


def _wanted(connection: duckdb.DuckDBPyConnection, sync: Sync) -> list[Wanted]:
    new = "is_desired and not is_known and rejected is null"
    looked_at = [] if sync.mode == "create_only" else ["is_desired"]
    if sync.on_missing != "keep":
        # neither what isn't ours to remove nor what bears the flag already
        removable = "origin = 'created' and winner is null"
        looked_at.append(f"not is_desired and {removable} and not {is_flagged(sync.flag)}")
    if sync.redirects:
        looked_at.append("winner is not null")
    where = " or ".join(f"({each})" for each in looked_at) or "false"
    ids = _values(
        connection, sync, "remote_id", f"is_known and ({where}) and rejected is null"
    ) + _values(connection, sync, "former_id", new)
    if sync.redirects:
        ids += _values(connection, sync, "winner_id", "winner is not null and rejected is null")
    return _identifying(connection, sync, new, ids)


def _lost(connection: duckdb.DuckDBPyConnection, sync: Sync) -> list[Wanted]:
    """What may be the records that aren't there under the ids that we know."""
    there = f"from theirs where sync = {literal(sync.name)}"
    lost = (
        f"is_desired and is_known and ({looked_for(sync)}) "
        f"and remote_id not in (select remote_id {there}) "
        f"and remote_id not in (select unnest(formerly) {there})"
    )
    return _identifying(connection, sync, lost, [])


def _identifying(
    connection: duckdb.DuckDBPyConnection, sync: Sync, where: str, ids: Sequence[str]
) -> list[Wanted]:
    """What tells the records of candidates: their key, identity's word, the fields that match."""
    by_id = set(ids)
    if sync.record_id:
        by_id.update(_values(connection, sync, "record_id", where))
    wanted = [
        Wanted("id", sorted(by_id)),
        Wanted(sync.key_field, _values(connection, sync, "key", where)),
    ]
    # the first field of a group finds the records, the others are compared afterwards
    wanted += [
        Wanted(field, _values(connection, sync, ours(sync, field), where))
        for field in dict.fromkeys(group[0] for group in sync.match)
    ]
    return wanted


def _found(
    crm: Crm, object_name: str, wanted: Sequence[Wanted], executor: Executor, in_flight: int
) -> Iterator[list[RemoteRecord]]:
    size = crm.capabilities.max_find
    waiting: list[Future[list[RemoteRecord]]] = []
    for each in wanted:
        for start in range(0, len(each.values), size):
            values = each.values[start : start + size]
            waiting.append(executor.submit(crm.find, object_name, each.field, values))
            if len(waiting) >= in_flight:
                yield waiting.pop(0).result()
    for future in waiting:
        yield future.result()
