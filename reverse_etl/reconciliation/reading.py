"""Read one object of a CRM whole, so that a reading that was cut off goes on where it was.

What was read lies in a DuckDB file beside the ledger until it has been compared: of each record
its id, its key of ours and a hash of each of our fields, no values. A page goes there as one
JSON text; nothing here goes through the fields in Python.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import orjson

from crm.protocol import Crm, RemoteRecord, Resumable
from reverse_etl.clock import World, text
from reverse_etl.errors import HeldByAnotherError
from reverse_etl.plan import room
from reverse_etl.plan.fields import path_to
from reverse_etl.syncs import Sync

RECORDS_AT_ONCE = 5_000
"""So many are written down together; a reading that is cut off reads as many again."""
FRESH = timedelta(hours=6)
"""What began longer ago isn't gone on with: its first half would be no picture of now."""
FILE = "read.duckdb"

_TABLES = """
create table progress (began_at varchar, shape varchar, place varchar, is_whole boolean);
create table held (remote_id varchar, key varchar, hashes ubigint[], formerly varchar[]);
"""


@dataclass(frozen=True, slots=True)
class Read:
    """A whole reading."""

    file: Path
    began_at: str
    """When it began, cut off or not; the ledger's form of time."""
    is_whole: bool
    """Whether the end was reached; if not, somebody asked to stop."""


@contextmanager
def read_whole(
    sync: Sync,
    crm: Crm,
    beside: Path,
    world: World,
    is_stopping: Callable[[], bool] = lambda: False,
) -> Iterator[Read]:
    """Read all records of a sync's object; goes on with what a reading before left.

    What a whole one read is removed when the block ends well.

    Raises:
        HeldByAnotherError: another process reads it now.
        CrmError: the CRM can't be read on; what was read stays.
    """
    folder = beside / f".reconcile-{sync.name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / FILE
    with _opened(file) as connection:
        connection.execute("set threads = 1")
        # hashes can't be made smaller, and it is read once
        connection.execute("set force_compression = 'uncompressed'")
        room.limit(connection, folder / "spilled")
        began_at, place = _begin(connection, sync, world)
        is_whole = _read_on(connection, sync, crm, place, is_stopping)
    yield Read(file, began_at, is_whole)
    if is_whole:
        shutil.rmtree(folder)


def hashed(values: str) -> str:
    """SQL for the hashes of a list of texts, as a reading keeps them; empty is null."""
    return f"list_transform({values}, lambda value: hash(nullif(value, '')))"


def paths(sync: Sync) -> str:
    """SQL for the list of a sync's fields as paths into a JSON object."""
    return f"[{', '.join(path_to(column.field) for column in sync.columns)}]"


@contextmanager
def _opened(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        connection = duckdb.connect(str(file))
    except duckdb.IOException as error:
        raise HeldByAnotherError(
            f"{file} can't be opened; does another process reconcile it? {error}"
        ) from error
    with connection:
        yield connection


def _begin(
    connection: duckdb.DuckDBPyConnection, sync: Sync, world: World
) -> tuple[str, str | None]:
    """When the reading began and where it goes on; a new one if there is none to go on with."""
    shape = orjson.dumps(
        [duckdb.__version__, sync.destination, sync.object, [each.field for each in sync.columns]]
    ).decode()
    known = connection.execute("select 1 from duckdb_tables() where table_name = 'progress'")
    if known.fetchall():
        rows = connection.execute("select began_at, shape, place, is_whole from progress")
        for began_at, found, place, is_whole in rows.fetchall():
            age = world.clock.now() - datetime.fromisoformat(began_at).astimezone(UTC)
            if found == shape and place is not None and not is_whole and age < FRESH:
                return began_at, place
        connection.execute("drop table progress; drop table held")
    began_at = text(world.clock.now())
    connection.execute(_TABLES)
    connection.execute("insert into progress values (?, ?, null, false)", [began_at, shape])
    return began_at, None


def _read_on(
    connection: duckdb.DuckDBPyConnection,
    sync: Sync,
    crm: Crm,
    place: str | None,
    is_stopping: Callable[[], bool],
) -> bool:
    """Read until the end, or until somebody asks to stop; says which."""
    waiting: list[RemoteRecord] = []
    for page, behind in _pages(crm, sync, place):
        waiting += page
        if len(waiting) >= RECORDS_AT_ONCE or is_stopping():
            _keep(connection, sync, waiting, behind, is_whole=False)
            waiting = []
        if is_stopping():
            return False
    _keep(connection, sync, waiting, None, is_whole=True)
    return True


def _pages(
    crm: Crm, sync: Sync, place: str | None
) -> Iterator[tuple[list[RemoteRecord], str | None]]:
    """Each page with the place behind it, from which a later reading may go on."""
    if isinstance(crm, Resumable):
        yield from crm.scan_from(sync.object, place, [each.field for each in sync.columns])
        return
    last, is_ordered = place or "", True
    for page in crm.scan(sync.object, since=place):
        moments = [last, *(each.updated_at or "" for each in page)]
        # out of order, the last change says nothing of what hasn't been read
        is_ordered = is_ordered and "" not in moments[1:] and moments == sorted(moments)
        last = moments[-1]
        yield page, last if is_ordered else None


def _keep(
    connection: duckdb.DuckDBPyConnection,
    sync: Sync,
    records: list[RemoteRecord],
    place: str | None,
    *,
    is_whole: bool,
) -> None:
    """Write down what was read, and where that ends, in one transaction."""
    rows = [
        {"id": each.remote_id, "fields": each.fields, "formerly": each.formerly} for each in records
    ]
    # one look into the text of a record for everything; to make columns of it would take twice
    # the time
    places = ["'$.id'", "'$.formerly'", *(path_to("fields", each.field) for each in sync.columns)]
    key = 3 + next(i for i, each in enumerate(sync.columns) if each.name == sync.key)
    connection.execute("begin")
    connection.execute(
        f"""
        insert into held
        select
            texts[1],
            nullif(texts[{key}], ''),
            {hashed("texts[3:]")},
            if(texts[2] = '[]', [], from_json(texts[2], '["VARCHAR"]'))
        from (
            select json_extract_string(record, [{", ".join(places)}]) as texts
            from (select unnest(from_json(?, '["JSON"]')) as record)
        )
        """,
        [orjson.dumps(rows, default=dict).decode()],
    )
    connection.execute("update progress set place = ?, is_whole = ?", [place, is_whole])
    connection.execute("commit")
