"""Make the plan of an undo: a plan like any other, whose wanted values are those of before."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import orjson
from sqlalchemy import select

from crm.protocol import Crm
from reverse_etl.engine import Engine
from reverse_etl.ledger import Ledger
from reverse_etl.ledger.schema import delivery_values
from reverse_etl.plan import Counts, Plan, Planner, Rules, difference
from reverse_etl.plan.planner import FETCH_ROWS
from reverse_etl.plan.reading import Wanted, fetch_pages, store_theirs
from reverse_etl.syncs import Sync
from reverse_etl.undo import reversal
from reverse_etl.undo.request import Undo


@dataclass(frozen=True, slots=True)
class Left:
    """What an undo leaves as it is, and why."""

    key: str
    field: str
    """Empty if it is the whole record."""
    reason: str


Leftovers = dict[str, list[Left]]
"""By sync."""


class UndoPlan(Plan):
    """The changes that take others back, and what they leave."""

    is_of_all = False

    def counts(self, sync: Sync) -> Counts:
        """The sync's numbers; a record of which anything is left counts as held."""
        counts = super().counts(sync)
        [(left,)] = self.connection.execute(
            "select count(distinct key) from left_alone where sync = ?", [sync.name]
        ).fetchall()
        if not left:
            return counts
        held = counts.operations.get("held", 0) + left
        return replace(counts, operations={**counts.operations, "held": held})

    def held(self, sync: Sync, limit: int) -> list[tuple[str, int]]:
        """Why something is left, and in how many records; the most frequent reasons first."""
        return self.connection.execute(
            """
            select reason, count(*) from (
                select reason from changes where sync = $sync and operation = 'held'
                union all
                select reason from left_alone where sync = $sync group by key, reason
            )
            group by reason order by count(*) desc, reason limit $limit
            """,
            {"sync": sync.name, "limit": limit},
        ).fetchall()

    def left(self, sync: Sync, limit: int | None = None) -> Iterator[Left]:
        """What of a sync is left, by key."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "select key, field, reason from left_alone where sync = ? order by all "
                + ("" if limit is None else f"limit {limit}"),
                [sync.name],
            )
            while rows := cursor.fetchmany(FETCH_ROWS):
                yield from (Left(*row) for row in rows)


def engine_for(
    engine: Engine, undo: Undo, syncs: Mapping[str, Sync], leftovers: Leftovers | None = None
) -> Engine:
    """An engine that plans and applies an undo; `syncs` are all of the project.

    It doesn't ask how the models were built: a bad build is a reason to undo, not an obstacle.
    `leftovers` is filled with what is left of each sync.
    """
    left = {} if leftovers is None else leftovers
    return replace(engine, new_planner=partial(UndoPlanner, undo, syncs, left), check_builds=False)


class UndoPlanner(Planner):
    """Plans what takes back the writes of some runs.

    What an earlier undo had removed is planned as any new record is, from its row. `leftovers`
    is told what is left of each sync, for whoever has no plan to look at.
    """

    def __init__(
        self,
        undo: Undo,
        syncs: Mapping[str, Sync],
        leftovers: Leftovers,
        connection: duckdb.DuckDBPyConnection,
        ledger: Ledger,
        scratch: Path,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(connection, ledger, scratch, is_stopping)
        self.plan: UndoPlan = UndoPlan(connection)
        self._undo = undo
        self._syncs = syncs
        self._leftovers = leftovers
        connection.execute(reversal.TABLES)

    def take(
        self,
        syncs: Sequence[Sync],
        *,
        keys: list[str] | None = None,
        forced: bool = False,
        again: bool = False,
    ) -> None:
        """Take what the runs wrote out of the ledger, and from the warehouse what is to come back.

        `keys` limits it to these, on top of those of the undo itself; it looks at all of them
        `again` as it is.
        """
        del again
        for sync in syncs:
            # a model that a mistake has broken must not keep its mistake from being undone
            has_model = not difference.vanished(self._connection, sync)
            with self._ledger_attached():
                reversal.take_written(
                    self._connection, sync, self._undo.runs[sync.name], self._undo.keys, keys
                )
                reversal.take_histories(self._connection, sync, has_model=has_model)
            kept = self._kept(reversal.images_to_name(self._connection))
            reversal.take_left_alone(self._connection, sync, kept)
            reversal.take_returning(self._connection, sync)
            if has_model:
                difference.take_candidates(self._connection, sync, forced=forced)

    def decide(
        self, sync: Sync, crm: Crm, executor: Executor, in_flight: int, rules: Rules | None = None
    ) -> Counts:
        """Look at the CRM and decide what can be taken back; writes nothing."""
        rules = rules or Rules()
        if reversal.has_returning(self._connection, sync):
            super().decide(sync, crm, executor, in_flight, rules)
        ids = reversal.ids_to_read(self._connection, sync)
        if ids:
            wanted = [Wanted("id", ids)]
            pages = fetch_pages(crm, sync.object, wanted, executor, in_flight)
            store_theirs(self._connection, sync, pages, self._is_stopping)
        read_only = [name for name, field in rules.fields.items() if field.read_only]
        for start in reversal.parts(self._connection, sync):
            reversal.take_part(self._connection, sync, start)
            self._take_values(sync)
            with self._ledger_attached():
                reversal.take_hanging(self._connection, sync, self._syncs)
                reversal.take_passed_on(self._connection, sync)
            reversal.decide(self._connection, sync, read_only)
        self._leftovers[sync.name] = list(self.plan.left(sync))
        return self.plan.counts(sync)

    def _kept(self, images: Sequence[int]) -> list[int]:
        """Those of some deliveries of which the values weren't forgotten."""
        kept: list[int] = []
        d = delivery_values.c.delivery_id
        for start in range(0, len(images), FETCH_ROWS):
            with self._ledger.reading() as connection:
                some = images[start : start + FETCH_ROWS]
                kept += connection.scalars(select(d).where(d.in_(some)))
        return kept

    def _take_values(self, sync: Sync) -> None:
        """Fetch what is known of a part's records, and what they held before."""
        self._connection.execute("delete from known_values; delete from images")
        for keys in self._pages("select key from part order by key"):
            self._keep_known(self._ledger.known(sync.name, keys))
        v = delivery_values.c
        for ids in self._pages("select distinct first_delivery from touched order by 1"):
            with self._ledger.reading() as connection:
                found = connection.execute(
                    select(v.delivery_id, v.before).where(v.delivery_id.in_(ids))
                ).all()
            rows = [{"delivery_id": row.delivery_id, "before": row.before} for row in found]
            self._connection.execute(
                "insert into images select unnest(from_json(?::json, "
                """'[{"delivery_id": "BIGINT", "before": "VARCHAR"}]'), recursive := true)""",
                [orjson.dumps(rows).decode()],
            )

    def _pages(self, query: str) -> Iterator[list[Any]]:
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            while rows := cursor.fetchmany(FETCH_ROWS):
                yield [value for (value,) in rows]
