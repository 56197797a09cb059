"""What the models want; it changes from round to round."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from reverse_etl.syncs import Column, Guard, Limit, Mode, OnGone, OnMerged, OnMissing, Sync
from tests.simulation.loop import HOME, Loop
from tests.simulation.people import People
from tests.simulation.servers import LINKS, LONGEST, OBJECTS, HubSpotServer
from tests.simulation.warehouse import Models
from tests.simulation.watcher import REVIEWED, Watcher
from tests.simulation.wukong import WukongServer

Kind = Literal["selfbuilt", "hubspot", "late", "wukong"]
Row = dict[str, Any]

WIDE = Limit(1, 1_000)
NAMES = {"hubspot": HubSpotServer.NAMES, "wukong": WukongServer.NAMES}
"""What the objects are called where it isn't companies, contacts and orders."""
DUPLICATE = "duplicate"
"""The name of a record whose key was merged into another, where that is marked."""


@dataclass(frozen=True)
class Settings:
    """How the syncs of a world are set up."""

    kind: Kind
    objects: int
    """Of companies, contacts and orders, the first so many are synced."""
    on_missing: OnMissing
    modes: Mapping[str, Mode]
    is_matching: bool
    """What people typed is found by its phone."""
    has_record_ids: bool
    """Identity finds out what people typed, and merges customers."""
    needs_links: bool
    """A contact without its company isn't sent."""
    min_rows: int = 0
    has_redirects: bool = False
    """Customers are merged and split, and sometimes merged in error."""
    merged: OnMerged = "merge"
    declares_length: bool = False
    """The contract says how long a name may be, so that a longer one isn't sent."""
    on_gone: OnGone = "hold"
    is_reviewed: bool = False
    """A person is asked where both sides have changed a phone."""
    is_loop: bool = False
    """What people type comes home, and is what the models want next."""
    habits: Sequence[str] = ()
    """What people do besides typing."""
    bustle: float = 0.0
    """How often one of them does something before a request of ours arrives."""


def make_syncs(settings: Settings) -> list[Sync]:
    """Companies, contacts and orders, as far as the world has them."""
    names = NAMES.get(settings.kind, {name: name for name in OBJECTS})
    syncs: list[Sync] = []
    for name in OBJECTS[: settings.objects]:
        links = [
            Column(
                field_name,
                f"associations.{names[target]}" if settings.kind == "hubspot" else field_name,
                "varchar",
                "",
                links_to=target,
                required_link=settings.needs_links,
            )
            for field_name, target in LINKS[name].items()
        ]
        syncs.append(
            Sync(
                name,
                destination="crm",
                object=names[name],
                model="",
                schema="activation",
                table=f"sync_{name}",
                key="key",
                columns=(
                    Column("key", _key_field(settings.kind), "varchar", ""),
                    Column(
                        "name",
                        "name",
                        "varchar",
                        "",
                        max_length=LONGEST if settings.declares_length else None,
                    ),
                    Column(
                        REVIEWED,
                        REVIEWED,
                        "varchar",
                        "",
                        owner="review" if settings.is_reviewed else "warehouse",
                    ),
                    Column("title", "title", "varchar", "", owner="fill_empty"),
                    Column("stage", "stage", "varchar", "", owner="crm"),
                    Column("count", "count", "bigint", ""),
                    *links,
                ),
                mode=settings.modes.get(name, "upsert"),
                on_missing=settings.on_missing,
                on_gone=settings.on_gone,
                after=tuple(each.name for each in syncs),
                guard=Guard(WIDE, WIDE, WIDE, settings.min_rows),
                match=(("phone",),) if settings.is_matching else (),
                record_id="crm_id" if settings.has_record_ids else None,
                redirects=("activation", "redirected") if settings.has_redirects else None,
                merged=settings.merged,
                merged_flag=(("name", DUPLICATE),) if settings.merged == "flag" else (),
                can_merge=settings.kind == "hubspot",
                linked_from=tuple(
                    (other, f"associations.{names[name]}" if settings.kind == "hubspot" else link)
                    for other in OBJECTS[: settings.objects]
                    for link, target in LINKS[other].items()
                    if target == name
                ),
            )
        )
    return syncs


def _key_field(kind: Kind) -> str:
    return "tongke_id" if kind == "hubspot" else "external_id"


@dataclass
class Landscape:
    """The models' rows."""

    syncs: Sequence[Sync]
    watcher: Watcher
    people: People
    chance: random.Random
    loop: Loop | None = None
    """How what people typed comes home, if it does."""
    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    """What the sources say."""
    gone: dict[str, list[str]] = field(default_factory=dict)
    """Keys that the models had once."""
    merged: dict[str, str] = field(default_factory=dict)
    split: dict[str, str] = field(default_factory=dict)
    """New keys, and those they were split from."""

    def wanted(self, name: str) -> dict[str, Row]:
        """By key: a sync model's rows, with what people typed since."""
        if self.loop is None:
            return self.rows[name]
        typed = self.loop.typed
        return {
            key: row | {each: typed[name, key, each] for each in HOME if (name, key, each) in typed}
            for key, row in self.rows[name].items()
        }

    def models(self) -> Models:
        """What dbt builds of it."""
        return Models(
            {
                name: [
                    {**row, "fingerprint": repr(list(row.values()))}
                    for row in self.wanted(name).values()
                ]
                for name in self.rows
            },
            [
                *((old, new, "merged") for old, new in self.merged.items()),
                *((old, new, "split") for new, old in self.split.items()),
            ],
        )  # fmt: skip

    def begin(self) -> None:
        """The first rows; some of them are in the CRM already, typed by people."""
        for sync in self.syncs:
            self.rows[sync.name], self.gone[sync.name] = {}, []
            for _ in range(self.chance.randint(1, 5)):
                self._add(sync)

    def go_on(self) -> None:
        """What happens in the company between two runs."""
        for sync in self.syncs:
            rows = self.rows[sync.name]
            for key in [*rows]:
                draw = self.chance.random()
                if draw < 0.35:
                    self._change(sync, rows[key])
                elif draw < 0.43:
                    self._drop(sync, key, None)
                elif draw < 0.63 and sync.redirects:
                    self._merge(sync, key)
            for key in [*self.gone[sync.name]]:
                if self.chance.random() < 0.25:
                    self.gone[sync.name].remove(key)
                    rows[key] = self._row(sync, key)
            for _ in range(self.chance.randint(0, 2)):
                self._add(sync)
            if sync.redirects:
                self._part(sync)

    def move(self, key: tuple[str, str], name: str) -> None:
        """Let a field of a sync's row become another, if the row is there."""
        if (row := self.rows[key[0]].get(key[1])) is not None:
            row[name] = self.people.new("13 ")

    def _part(self, sync: Sync) -> None:
        """One customer turns out to be two, or people say that some merged ones were different."""
        if (rows := [*self.rows[sync.name]]) and self.chance.random() < 0.1:
            self.split[self._add(sync)] = self.chance.choice(rows)
        for key in [*self.merged]:
            if key.startswith(sync.name[:2]) and self.chance.random() < 0.1:
                del self.merged[key]
                if place := self._place_of(sync, key):
                    # if it was kept it is taken up again, like one that is found
                    self.watcher.forget((sync.name, place))
                self.rows[sync.name][key] = self._row(sync, key)

    def _add(self, sync: Sync) -> str:
        row = self._row(sync, self.people.new(f"{sync.name[:2]}'"))
        if self.rows[sync.name] and self.chance.random() < 0.1:
            # two of a family, or of an office
            row["phone"] = self.chance.choice([*self.rows[sync.name].values()])["phone"]
        self.rows[sync.name][row["key"]] = row
        if row["phone"] and self.chance.random() < 0.2:
            remote_id = self.people.type(
                sync, row["phone"] if sync.match else self.people.new("13 ")
            )
            if sync.record_id and self.chance.random() < 0.7:
                row["crm_id"] = remote_id
            self.watcher.look(self.people.server, "people")
        key: str = row["key"]
        return key

    def _row(self, sync: Sync, key: str) -> Row:
        row: Row = {"key": key}
        for column in sync.columns[1:]:
            row[column.name] = self._value(column)
        row["crm_id"] = None
        return row

    def _value(self, column: Column) -> Any:
        if column.links_to:
            targets = [*self.rows[column.links_to], *self.gone[column.links_to][:1]]
            return self.chance.choice(targets) if targets and self.chance.random() < 0.8 else None
        if column.name == "name":
            name = self.people.new("张三")
            # too long for most CRMs, or to be trimmed by some
            draw = self.chance.random()
            if draw < 0.08:
                return name.ljust(LONGEST + 1, "x")
            return f"{name} " if draw < 0.16 else name
        if self.chance.random() < 0.2:
            return None
        if column.data_type == "bigint":
            return self.chance.randint(-3, 1_000)
        return self.people.new("13 " if column.name == "phone" else column.name.capitalize())

    def _change(self, sync: Sync, row: Row) -> None:
        for column in self.chance.sample(sync.columns[1:], self.chance.randint(1, 2)):
            row[column.name] = self._value(column)
            if self.loop is not None:
                self.loop.forget(sync.name, row["key"], column.name)

    def _drop(self, sync: Sync, key: str, successor: str | None) -> None:
        del self.rows[sync.name][key]
        if successor is None:
            self.gone[sync.name].append(key)
        for other in self.syncs:
            for column in other.links:
                for row in self.rows[other.name].values() if column.links_to == sync.name else ():
                    if row[column.name] == key:
                        row[column.name] = successor

    def _merge(self, sync: Sync, key: str) -> None:
        """A customer turns out to be another, who may be new, and then gets the record."""
        others = [each for each in self.rows[sync.name] if each != key]
        if others and self.chance.random() < 0.7:
            successor = self.chance.choice(others)
        else:
            row = self._row(sync, self.people.new(f"{sync.name[:2]}'"))
            successor = row["key"]
            self.rows[sync.name][successor] = row
            row["crm_id"] = self._place_of(sync, key)
        self.merged[key] = successor
        self._drop(sync, key, successor)

    def _place_of(self, sync: Sync, key: str) -> str | None:
        for (object_name, remote_id), fields in self.watcher.state.items():
            if object_name == sync.name and fields.get(self.watcher.key_field) == key:
                return remote_id
        return None
