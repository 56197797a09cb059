"""A run of a world at rest is undone, and the undo undone: in any weather, and through crashes.

What an undo says that it would do is what it must have done when it is through;
what people typed stands; and what was undone isn't done again.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import duckdb
import orjson
from sqlalchemy import func, select

from crm.values import text
from reverse_etl import undo
from reverse_etl.engine import Engine
from reverse_etl.ledger import UNDOING
from reverse_etl.ledger.schema import deliveries
from reverse_etl.ledger.schema import runs as runs_table
from reverse_etl.plan import Change
from reverse_etl.syncs import Sync
from tests.simulation.life import Crash
from tests.simulation.network import FAULTS
from tests.simulation.servers import Place, State
from tests.simulation.warehouse import open_warehouse

if TYPE_CHECKING:
    from tests.simulation.world import SimulatedWorld

EVERY = 200
"""Of so many seeds, one undoes a run: an undo is planned by the SQL, a dozen times in a world,
which takes as long as twenty worlds."""
MOST_TRIES = 30
"""An hour apart: a day's quota that is spent lets nothing through until the next day."""
RESTORES, PEOPLES, AGAIN, BACK = (
    "undo restores what it said", "undo leaves people's values", "undone isn't done again",
    "undo is undone",
)  # fmt: skip


def undo_a_run(world: "SimulatedWorld") -> None:
    """Undo one of the runs of a world at rest, and then that undo."""
    runs = _runs(world)
    if not runs:
        return
    run = world.chance.choice(runs)
    # people have been at work since
    world._touch()
    world.people.write_over(world._under_way())
    before, begun = _copied(world.watcher.state), _last_delivery(world)
    world.trace(f"undo of {run}")
    undone = Undoing(world, run).carry_out(is_rough=world.chance.random() < 0.7)
    if undone is None:
        return
    after = _copied(world.watcher.state)
    world.trace(f"undo of that: {undone}")
    Undoing(world, undone).carry_out(is_rough=False)
    now, others = world.watcher.state, _written_by_others(world, begun)
    for place in before.keys() & after.keys() & now.keys():
        was = before[place] | {name: now[place].get(name, "") for name in others.get(place, ())}
        if {name: text_ for name, text_ in was.items() if text_} != now[place]:
            world.watcher.violated(BACK, f"{place} was {before[place]}, and is {now[place]}")


@dataclass
class Undoing:
    """The undo of one run."""

    world: "SimulatedWorld"
    run: str

    def carry_out(self, *, is_rough: bool) -> str | None:
        """Undo it until nothing of it is left to do; the undo's run, if it was a single one."""
        world = self.world
        said = self._planned()
        before, begun = _copied(world.watcher.state), _last_delivery(world)
        self._check_people(said)
        if is_rough:
            world.weather.chances = dict.fromkeys(world.chance.sample(FAULTS, 3), 0.1)
            world.life.fuse = int(world.chance.expovariate(1 / 12))
        known = set(_runs(world))
        for _ in range(MOST_TRIES):
            effects = len(world.watcher.effects)
            is_through = self._undo()
            world.weather.chances, world.weather.storm, world.life.fuse = {}, ("", 0), None
            world.clock.sleep(3_600.0)
            if is_through and effects == len(world.watcher.effects):
                break
        else:
            world.watcher.violated(RESTORES, f"{self.run} isn't undone after {MOST_TRIES} tries")
        self._check(said, before, _written_by_others(world, begun))
        self._check_rest(said)
        written = [run for run in _runs(world) if run not in known]
        return written[0] if len(written) == 1 else None

    def _undo(self) -> bool:
        """Once; whether it came to its end."""
        world = self.world
        engine, syncs, meant = self._engine()
        try:
            applied = engine.apply(syncs, command="undo", undoes=meant.runs)
        except Crash:
            world.tasks.abandon(world.network.get_one_request_through)
            world.ledger.close()
            world.clock.sleep(4_000.0)
            world._begin_life(None)
            # whoever comes next may be anybody
            if world.chance.random() < 0.5:
                world.engine.apply(world.syncs)
            return False
        for each in applied:
            world.trace(f"{each.sync.name}: {each.status} {each.tally} {each.problem}")
        return all(each.problem is None or each.is_stopped for each in applied)

    def _engine(self) -> tuple[Engine, list[Sync], undo.Undo]:
        world = self.world
        syncs = {sync.name: sync for sync in world.syncs}
        meant = undo.runs_to_undo(world.ledger, [self.run])
        with_sql = replace(world.engine, open_warehouse=lambda: _opened(world))
        engine = undo.engine_for(with_sql, meant, syncs)
        return engine, undo.syncs_to_undo(syncs, world.ledger, meant), meant

    def _planned(self) -> list[Change]:
        engine, syncs, _ = self._engine()
        with engine.planned(syncs) as (plan, _):
            changes = [each for sync in syncs for each in plan.changes(sync)]
        for each in changes:
            self.world.trace(f"planned: {each.operation} of {each.sync} {each.key} {each.payload}")
        return changes

    def _check_people(self, said: Sequence[Change]) -> None:
        """Nothing is to be written over what people typed, or removed with it."""
        state, authors = self.world.watcher.state, self.world.watcher.authors
        for change in said:
            place = (change.sync, change.remote_id or "")
            names = self._written(change)
            if change.operation == "withdraw":
                names = {name: "" for name, value in state[place].items() if value}
                if place in self.world.watcher.restored:
                    # whose the key is that it came back with isn't said; it is the one we gave it
                    names.pop(self.world.watcher.key_field, None)
            for name in names:
                if authors.get((place, name)) == "people":
                    what = f"{change.operation} of {place}, whose {name} is theirs"
                    self.world.watcher.violated(PEOPLES, what)

    def _check(
        self, said: Sequence[Change], before: State, others: Mapping[Place, set[str]]
    ) -> None:
        """Each field holds what the plan said, and every other what it held.

        But for what `others` wrote, runs that came in between: a record whose row people have
        moved, or about which one is asked, is looked at by each.
        """
        world, now = self.world, self.world.watcher.state
        expected, restored = _copied(before), set[tuple[Place, str]]()
        for change in said:
            place = (change.sync, change.remote_id or "")
            if change.operation == "withdraw":
                del expected[place]
            elif change.operation in UNDOING and not self._is_refused(change):
                expected[place] |= self._written(change)
                restored |= {(place, name) for name in self._written(change)}
        for place, fields in expected.items():
            there = now.get(place, {})
            for name in fields.keys() | there.keys():
                if name in others.get(place, ()) and (place, name) not in restored:
                    continue
                if there.get(name, "") != fields.get(name, ""):
                    what = f"{name} of {place} is {there.get(name)!r}, not {fields.get(name)!r}"
                    world.watcher.violated(RESTORES, what)
        created = {each.key for each in said if each.operation == "create"}
        for place, fields in now.items():
            if place not in expected and fields.get(world.watcher.key_field) not in created:
                world.watcher.violated(RESTORES, f"{place} is there")

    def _is_refused(self, change: Change) -> bool:
        """Whether the CRM rightly refuses it: what it was linked to is gone."""
        world = self.world
        [sync] = [each for each in world.syncs if each.name == change.sync]
        linked = {
            (column.links_to or "", text(change.payload[column.field]))
            for column in sync.links
            if change.payload.get(column.field)
        }
        return world.settings.kind != "wukong" and not linked <= world.watcher.state.keys()

    def _written(self, change: Change) -> dict[str, str]:
        """What a change writes, by the names that fields have here."""
        names = _names(self.world, change.sync)
        return {names[name]: text(value) for name, value in change.payload.items()}

    def _check_rest(self, said: Sequence[Change]) -> None:
        """What was undone stays so; what people did since may have let other records go out."""
        world = self.world
        undone = {(each.sync, each.key) for each in said if each.operation in UNDOING}
        effects = len(world.watcher.effects)
        world.clock.sleep(3_600.0)
        world.engine.apply(world.syncs)
        for effect in world.watcher.effects[effects:]:
            if (effect.place[0], effect.key) not in undone:
                continue
            world.watcher.violated(AGAIN, f"{effect.kind} of {effect.place}: {effect.values}")


def _runs(world: "SimulatedWorld") -> list[str]:
    """The runs that wrote something, oldest first."""
    d = deliveries.c
    query = select(d.run_id).where(d.outcome == "written").distinct().order_by(d.run_id)
    with world.ledger.reading() as connection:
        return list(connection.scalars(query))


def _last_delivery(world: "SimulatedWorld") -> int:
    with world.ledger.reading() as connection:
        return connection.scalar(select(func.max(deliveries.c.delivery_id))) or 0


def _written_by_others(world: "SimulatedWorld", begun: int) -> dict[Place, set[str]]:
    """Which fields of which records runs that undo nothing wrote since a delivery.

    What is under way may have been carried out.
    """
    d = deliveries.c
    query = (
        select(d.sync, d.remote_id, d.fields)
        .join(runs_table, runs_table.c.run_id == d.run_id)
        .where(d.delivery_id > begun, d.outcome == "written", runs_table.c.command != "undo")
    )
    with world.ledger.reading() as connection:
        found = [
            (row.sync, row.remote_id, orjson.loads(row.fields)) for row in connection.execute(query)
        ]
    found += [
        (sync.name, each.remote_id, [*each.payload])
        for sync in world.syncs
        for intent in world.ledger.unsettled(sync.name)
        for each in intent.attempts
        if each.operation not in UNDOING
    ]
    written: dict[Place, set[str]] = {}
    for name, remote_id, fields in found:
        names = _names(world, name)
        written.setdefault((name, remote_id), set()).update(
            names.get(each, each) for each in fields
        )
    return written


def _names(world: "SimulatedWorld", sync_name: str) -> dict[str, str]:
    """The CRM's name of a field → the one it has here."""
    [sync] = [each for each in world.syncs if each.name == sync_name]
    names = {each.field: each.name for each in sync.columns}
    return names | {sync.key_field: world.watcher.key_field}


def _copied(state: State) -> State:
    return {place: dict(fields) for place, fields in state.items()}


@contextmanager
def _opened(world: "SimulatedWorld") -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        open_warehouse(connection, world.syncs, world.landscape.models())
        yield connection
