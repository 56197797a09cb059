"""What must hold: after every run, and once a world has come to rest.

What may never happen at any moment (a request beyond the quota, a salesperson's
field or record touched) the watcher sees by itself.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import RowMapping, bindparam, select

from crm.wukong.rules import TAKEN
from reverse_etl.delivery import Patience
from reverse_etl.engine import Applied, exit_code
from reverse_etl.errors import ExitCode
from reverse_etl.ledger import reviews
from reverse_etl.ledger.schema import deliveries, delivery_values, intents, leases, records, rejects
from reverse_etl.ledger.schema import runs as runs_table
from reverse_etl.ledger.statements import Statement
from reverse_etl.plan import Change
from reverse_etl.syncs import Column, Sync
from tests.simulation.reference import and_merged_into
from tests.simulation.servers import LINKS, LONGEST, HubSpotServer, Place
from tests.simulation.watcher import FILLED, PEOPLES, REVIEWED, Effect

if TYPE_CHECKING:
    from tests.simulation.world import SimulatedWorld

EVERY_OPERATION = (
    "create", "adopt", "update", "merge", "flag", "archive", "delete", "keep", "redirect", "held",
    "forget", "unchanged", "conflict",
)  # fmt: skip
LEFT = {"held", "keep", "redirect", "unchanged", "forget"}
"""The operations that send nothing."""
_COUNTED = {
    ("create", "written"): "created",
    ("adopt", "written"): "adopted",
    ("update", "written"): "updated",
    ("merge", "written"): "merged",
    ("archive", "written"): "archived",
    ("delete", "written"): "deleted",
}

HELD = Statement(select(leases.c.sync))
DELIVERIES = Statement(
    select(deliveries, delivery_values.c.payload).join_from(
        deliveries, delivery_values, deliveries.c.delivery_id == delivery_values.c.delivery_id
    )
)
RECORDS = Statement(select(records))
WAITING = Statement(select(rejects).where(rejects.c.state == "waiting"))
OPEN = Statement(select(intents.c.batch_id))
UNFINISHED = Statement(select(runs_table.c.run_id).where(runs_table.c.status == "running"))
OUTCOMES = Statement(
    select(deliveries.c.operation, deliveries.c.outcome).where(
        deliveries.c.run_id == bindparam("the_run")
    )
)
STATUS = Statement(select(runs_table.c.status).where(runs_table.c.run_id == bindparam("the_run")))


def check_run(world: "SimulatedWorld") -> None:
    """What must hold when a run has ended by itself."""
    for applied in world.applied:
        if applied.is_stopped and applied.tally.requests:
            world.watcher.violated("stopped is stopped", f"{applied.sync.name} sent something")
        rows = world.landscape.rows[applied.sync.name]
        if len(rows) < applied.sync.guard.min_rows and not (applied.is_stopped or applied.problem):
            world.watcher.violated("guard", f"{applied.sync.name} has {len(rows)} rows")
        _check_counts(world, applied)
    if exit_code(world.applied) != _expected_code(world.applied):
        world.watcher.violated("statuses", f"exit code {exit_code(world.applied)}")
    with world.ledger.reading() as connection:
        held = [*HELD.execute(connection).scalars()]
    if held:
        world.watcher.violated("no lease", f"{held} are held by nobody")


def check_create(world: "SimulatedWorld", place: Place, fields: Mapping[str, str]) -> None:
    """What people typed before the run isn't made once more, nor what they removed."""
    row = world.landscape.wanted(place[0]).get(fields.get(world.watcher.key_field, ""))
    if row is None or world.settings.kind == "late":
        # a job may be carried out long after it was planned
        return
    watcher = world.watcher
    for gone, before in watcher.removed.items() if world.settings.on_gone == "hold" else ():
        is_its = gone[0] == place[0] and before.get(watcher.key_field) == row["key"]
        is_theirs = watcher.removed_by.get(gone) == "people" and gone not in watcher.at_start
        if is_its and is_theirs and _is_known_live(world, gone):
            watcher.violated("not made again", f"{gone}, which people removed, as {place}")
    for theirs, before in watcher.at_start.items():
        is_there = watcher.state.get(theirs) == before and theirs not in watcher.back
        is_free = is_there and theirs not in watcher.keyed
        has_phone = world.settings.is_matching and before.get("phone", "") == row["phone"]
        is_found = world.settings.has_record_ids and row["crm_id"] == theirs[1]
        if theirs[0] == place[0] and is_free and (has_phone or is_found):
            watcher.violated("not doubled", f"{theirs} was made once more, as {place}")


def _is_known_live(world: "SimulatedWorld", place: Place) -> bool:
    """Whether the ledger has a record as it is in the CRM."""
    return any((each["remote_id"], each["state"]) == (place[1], "live") for each in world.known())


def check_rest(world: "SimulatedWorld") -> None:
    """What must hold when nothing is left to be done."""
    Rest(world).check()


@dataclass
class Rest:
    """A world at rest."""

    world: "SimulatedWorld"

    def __post_init__(self) -> None:
        self.watcher = self.world.watcher
        self.state = self.watcher.state
        self.has_jobs = self.world.settings.kind == "late"
        with self.world.ledger.reading() as connection:
            self.deliveries = DELIVERIES.execute(connection).mappings().all()
            known = RECORDS.execute(connection).mappings().all()
            waiting = WAITING.execute(connection).mappings().all()
            self.open = [*OPEN.execute(connection).scalars()]
            self.unfinished = [*UNFINISHED.execute(connection).scalars()]
        is_reviewed = self.world.settings.is_reviewed
        self.asked = {
            (each.sync, each.key): each
            for each in (reviews.unsettled(self.world.ledger) if is_reviewed else ())
        }
        self.known = {(row["sync"], row["key"]): row for row in known}
        bound = {
            (row["sync"], row["key"]): row["remote_id"] for row in known if row["state"] == "live"
        }
        # by the id map, whatever key people typed there; of two keys, the record is that one's
        # which stands in it, or for which it was last written, if people took it out
        self.places = {
            (name, key): remote_id
            for (name, key), remote_id in bound.items()
            if (fields := self.state.get((name, remote_id))) is not None
            and (
                (there := fields.get(self.watcher.key_field)
                 or self.watcher.wrote_for.get((name, remote_id), key)) == key
                or bound.get((name, there)) != remote_id
            )
        }  # fmt: skip
        self.rejects = {(row["sync"], row["key"]): row for row in waiting}

    def check(self) -> None:
        """All of them."""
        sent = len(self.watcher.effects)
        with self.world.engine.planned(self.world.syncs) as (plan, _):
            changes = {
                (sync.name, change.key): change
                for sync in self.world.syncs
                for change in plan.changes(sync, EVERY_OPERATION)
            }
        if sent != len(self.watcher.effects):
            self.violated("plans write nothing", "a plan changed the CRM")
        self._check_leftovers(changes)
        self._check_twice()
        stopped = {each.sync.name for each in self.world.applied if each.is_stopped}
        for sync in self.world.syncs:
            if sync.name not in stopped:
                self._check_sync(sync, changes)
                self._check_status(sync, changes)
        self._check_explained()
        self._check_said()
        self._check_merged()
        self._check_sandbox()
        self._check_no_echo()
        self._check_answers(changes)

    def violated(self, invariant: str, what: str) -> None:
        self.watcher.violated(invariant, what)

    def _check_leftovers(self, changes: Mapping[tuple[str, str], Change]) -> None:
        if self.open:
            self.violated("no intents", f"{len(self.open)} batches are open")
        if self.unfinished:
            self.violated("no lease", f"runs that never ended: {self.unfinished}")
        stopped = {each.sync.name for each in self.world.applied if each.is_stopped}
        for (name, key), change in changes.items():
            if name in stopped or change.operation in LEFT:
                continue
            if set(change.fields) <= set(change.waits):
                continue
            self.violated("nothing left", f"{change.operation} of {name} {key} is still planned")

    def _check_twice(self) -> None:
        counted = Counter(
            (place[0], fields[self.watcher.key_field])
            for place, fields in self.state.items()
            if self.watcher.key_field in fields
            and self.watcher.authors[place, self.watcher.key_field] != "people"
        )
        for (object_name, key), count in counted.items():
            if count > 1:
                self.violated("exactly once", f"{object_name} {key} is there {count} times")

    def _check_sync(self, sync: Sync, changes: Mapping[tuple[str, str], Change]) -> None:
        rows = self.world.landscape.wanted(sync.name)
        for key, row in rows.items():
            change = changes.get((sync.name, key))
            if change is not None and change.operation in {"held", "keep"}:
                if not self._is_excused(sync, row, change.reason or ""):
                    self.violated("held with a reason", f"{sync.name} {key}: {change.reason}")
                continue
            remote_id = self.places.get((sync.name, key))
            if remote_id is None:
                if not self._is_taken_away(sync, key):
                    self.violated("exactly once", f"{sync.name} {key} isn't there")
                continue
            for column in sync.columns[1:]:
                self._check_field(sync, (sync.name, remote_id), row, column)
        if sync.on_missing == "keep":
            return
        for (object_name, remote_id), fields in self.state.items():
            unwanted = fields.get(self.watcher.key_field)
            if object_name == sync.name and unwanted is not None and unwanted not in rows:
                self._check_unwanted(sync, unwanted, (object_name, remote_id))

    def _is_said(self, place: Place, key: str, name: str, wanted: Any) -> bool:
        """Whether a person is asked about a field, or said that it shall hold what it holds."""
        if name != REVIEWED:
            return False
        there = self.state[place].get(name, "")
        # a third value is a person's: it isn't cleared, though another answer replaced it since
        is_third = not wanted and any(
            (sync_name, its_key) == (place[0], key) and self.shown(name, value) == there
            for sync_name, its_key, _, value in self.world.desk.said
        )
        is_answer = any(
            (given.asked.sync, given.asked.key) == (place[0], key)
            and self.shown(name, given.value) == there
            for given in self.world.desk.latest()
        )
        return (place[0], key) in self.asked or is_third or is_answer

    def _check_field(
        self, sync: Sync, place: Place, row: Mapping[str, Any], column: Column
    ) -> None:
        name = column.name
        there, author = self.state[place].get(name, ""), self.watcher.authors.get((place, name))
        is_said = author in {"people", "the CRM"} or self._is_said(
            place, row["key"], name, row[name]
        )
        if is_said or name in PEOPLES or place in self.watcher.merged:
            # their latest word, which we hear when the record moves; the watcher guards the rest
            return
        wanted: str | None = self.shown(name, row[name])
        if column.links_to:
            wanted = self.places.get((column.links_to, row[name])) if row[name] else None
            may_stay = self._may_link_stay(sync, place, row, column)
        else:
            may_stay = self._may_value_stay(sync, place, row, column)
        if there != (wanted or "") and not may_stay:
            self.violated("desired values", f"{name} of {place} is {there!r}, not {wanted!r}")

    def _may_link_stay(
        self, sync: Sync, place: Place, row: Mapping[str, Any], column: Column
    ) -> bool:
        """Whether a record may be linked to another than we want."""
        there, target = self.state[place].get(column.name, ""), row[column.name]
        if there in self._joined(place, column.name):
            # the CRM needn't show the one of them that we set
            return True
        if not target:
            return self._is_found_there(sync, place, row, column)
        # a new ledger doesn't know what isn't wanted, or what the CRM refuses to change
        is_there = self._is_live(column.links_to or "", target)
        is_there = is_there and (column.links_to, target) in self.places
        # an adopted record had it already; that what it leads to was made anew isn't told
        return not (is_there and self._is_known_sent(sync, row, column))

    def _may_value_stay(
        self, sync: Sync, place: Place, row: Mapping[str, Any], column: Column
    ) -> bool:
        """Whether a field may hold what people did not type and we don't want."""
        name, is_wanted = column.name, bool(self.shown(column.name, row[column.name]))
        if name == FILLED and (place[0], row["key"]) in self.watcher.handled:
            # what was filled in the record before isn't filled in the one that people gave the key
            return True
        if self._is_found_there(sync, place, row, column):
            # a merge of ours carried it into an empty field: to us theirs has moved, ours hasn't
            is_carried = (place, name, self.state[place].get(name, "")) in self.watcher.typed
            return name == FILLED or not is_wanted or (name == REVIEWED and is_carried)
        # rounded, say, in an answer that nobody heard: it may be a person's, and stays
        is_told = name not in self.world.forms or self._is_known_sent(sync, row, column)
        return not is_wanted and not is_told

    def _is_found_there(
        self, sync: Sync, place: Place, row: Mapping[str, Any], column: Column
    ) -> bool:
        """Whether what we wrote into a field counts as found there."""
        # for another key
        is_anothers = (
            self.watcher.authors.get((place, column.name)) == "another key"
            or self.watcher.wrote_for.get(place, row["key"]) != row["key"]
        )
        # or into a record that people took away until we let it go, and then put back
        known = self.known.get((sync.name, row["key"]))
        is_back = place in self.watcher.restored and self.watcher.made_by[place] == "us"
        return is_anothers or (is_back and known is not None and known["origin"] == "adopted")

    def _joined(self, place: Place, name: str) -> set[str]:
        """The links that a merge of ours left in a record, as they are now."""
        lives_on = self.world.server.lives_on()
        found = set()
        for value in [v for p, n, v in self.watcher.joined if (p, n) == (place, name)]:
            target = (LINKS[place[0]][name], value)
            while target in lives_on:
                target = lives_on[target]
            found |= {value, target[1]}
        return found

    def _is_known_sent(self, sync: Sync, row: Mapping[str, Any], column: Column) -> bool:
        """Whether the ledger says that the field holds what we sent."""
        known = self.known.get((sync.name, row["key"]))
        return known is not None and column.field in orjson.loads(known["sent"])

    def shown(self, name: str, value: Any) -> str:
        """A value as the CRM shows it."""
        return self.world.server.shown(name, "" if value is None else str(value))

    def _is_excused(self, sync: Sync, row: Mapping[str, Any], reason: str) -> bool:
        """Whether a record may be held for this reason."""
        key = row["key"]
        if reason.startswith("the CRM rejected it"):
            reject = self.rejects.get((sync.name, key))
            return reject is not None and self._is_rightly_rejected(sync, row, reject)
        if reason == "it is gone from the CRM":
            return self._is_taken_away(sync, key)
        if reason.startswith("it waits for what it must be linked to"):
            # what it points at isn't ours yet, for a reason that is looked at where it is wanted
            return any(
                row[column.name] and not self._is_live(column.links_to or "", row[column.name])
                for column in sync.links
            )
        if any(words in reason for words in ("could be", "carry its key", "is that of")):
            # what is another's already isn't found by a phone
            by_phone = bool(sync.match) and "could be" in reason
            keys = and_merged_into([key], [*self.world.landscape.merged.items()])
            is_handled = any((sync.name, each) in self.watcher.handled for each in keys)
            return is_handled or by_phone or bool(sync.record_id or self.watcher.merged)
        if "characters, the" in reason:
            return len(row["name"]) > LONGEST
        return sync.mode != "upsert" and reason.endswith(f"the mode is {sync.mode}")

    def _is_rightly_rejected(self, sync: Sync, row: Mapping[str, Any], reject: RowMapping) -> bool:
        if len(row["name"]) > LONGEST:
            return True
        is_taken_away = self._is_taken_away(sync, row["key"])
        if is_taken_away or reject["error_code"] == "gone":
            return is_taken_away
        if reject["error_code"] == "validation_missing_rel_records" and self.has_jobs:
            # a job of ours that was still under way removed what it points at
            return True
        if reject["error_code"] in TAKEN and self._is_removed_unheard_of(sync, row["key"]):
            # the index by which 悟空 looks for doubles still had it when we sent it once more
            return True
        if reject["error_code"] == "unanswered":
            [sends] = [
                each["attempt"]
                for each in self.deliveries
                if each["delivery_id"] == reject["delivery_id"]
            ]
            return bool(sends >= Patience().sends)
        # a record that it points at was taken away by people, and we don't know it yet
        return any(
            row[column.name]
            and self._is_taken_away(_named(self.world.syncs, column), row[column.name])
            for column in sync.links
        )

    def _is_live(self, name: str, key: str) -> bool:
        """Whether the ledger knows a record in the CRM under the key."""
        known = self.known.get((name, key))
        return known is not None and known["state"] == "live"

    def _is_taken_away(self, sync: Sync, key: str) -> bool:
        """Whether people removed the record, or gave its key to another or took it away."""
        ids = {
            row["remote_id"]
            for row in [self.known.get((sync.name, key)), *self.deliveries]
            if row is not None and (row["sync"], row["key"]) == (sync.name, key)
        }
        places = [(sync.name, each) for each in ids]
        # a merge that nobody heard of may have left it under another id
        lives_on = self.world.server.lives_on()
        for place in places:
            if (to := lives_on.get(place)) is not None and to not in places:
                places.append(to)
        return (sync.name, key) in self.watcher.handled or any(
            self.watcher.removed_by.get(place) == "people" or place in self.watcher.restored
            for place in places
        )

    def _is_removed_unheard_of(self, sync: Sync, key: str) -> bool:
        """Whether people removed a record that we made for a key the ledger knows no record of."""
        return (sync.name, key) not in self.known and any(
            place[0] == sync.name
            and fields.get(self.watcher.key_field) == key
            and self.watcher.made_by.get(place) == "us"
            and self.watcher.removed_by.get(place) == "people"
            for place, fields in self.watcher.removed.items()
        )

    def _check_unwanted(self, sync: Sync, key: str, place: Place) -> None:
        known = self.known.get((sync.name, key))
        # what people restored or copied isn't the record that we know
        is_ours = (
            known is not None
            and known["remote_id"] == place[1]
            and known["origin"] == "created"
            and place not in self.watcher.restored
        )
        is_rejected = (sync.name, key) in self.rejects
        # kept beside the record of the key into which it was merged, whatever became of that one
        is_merged = known is not None and known["state"] == "merged"
        is_left = key in self.world.landscape.merged or is_merged
        if is_ours and not is_rejected and not is_left:
            self.violated("unwanted goes", f"{place} is still there, and nobody wants {key}")

    def _check_status(self, sync: Sync, changes: Mapping[tuple[str, str], Change]) -> None:
        [applied] = [each for each in self.world.applied if each.sync is sync]
        is_held = any(
            name == sync.name and change.operation in {"held", "conflict"}
            for (name, _), change in changes.items()
        )
        is_waiting = applied.tally.waiting > 0 or any(
            name == sync.name and each.state == "open" for (name, _), each in self.asked.items()
        )
        if (applied.status == "done") == (is_held or is_waiting):
            self.violated("statuses", f"{sync.name} is {applied.status}; held: {is_held}")

    def _check_explained(self) -> None:
        """Each write that the CRM carried out is in the ledger."""
        written, removed = self._written()
        for number, effect in enumerate(self.watcher.effects):
            # that a merge was ours the record tells into which it went, if it is there to be asked
            to = self.world.server.lives_on().get(effect.place)
            is_told = to is None or self.watcher.removed_by.get(to) != "people"
            is_gone = effect.kind == "remove" or (effect.kind == "merge" and is_told)
            if is_gone and effect.place not in removed:
                self.violated("ledger explains", f"no delivery {effect.kind}d {effect.place}")
            for name, value in effect.values.items():
                if self._cannot_be_told(effect, name, number):
                    continue
                places = (effect.key, name, value), (effect.place[1], name, value)
                if not any((effect.place[0], *each) in written for each in places):
                    what = f"no delivery wrote {name} of {effect.place[0]} {effect.key}: {value!r}"
                    self.violated("ledger explains", what)

    def _cannot_be_told(self, effect: Effect, name: str, number: int) -> bool:
        """Whether nobody who reads the record after a crash could know that it was us."""
        # the CRM shows it in a form of its own, or people wrote over it, or over its key
        touched = self.watcher.touched
        if name in LINKS[effect.place[0]] and (
            effect.place in self.watcher.merged
            or effect.values[name] in self._joined(effect.place, name)
        ):
            # of two links that a merge left, the other is seen when ours is taken away
            return True
        names = (name, self.watcher.key_field)
        is_touched = any(touched.get((effect.place, each), 0) > number for each in names)
        return is_touched or name in self.world.forms

    def _written(self) -> tuple[set[tuple[str, str, str, str]], set[Place]]:
        """What the deliveries say was written, and what was removed."""
        fields = self._fields()
        written = set()
        removed = set()
        for row in self.deliveries:
            if row["outcome"] != "written":
                continue
            if row["operation"] in {"archive", "delete", "merge"}:
                removed.add((row["sync"], row["remote_id"]))
                continue
            for field_name, value in orjson.loads(row["payload"]).items():
                name = fields[row["sync"]].get(field_name, field_name)
                shown = self.shown(name, value)
                written |= {(row["sync"], row[each], name, shown) for each in ("key", "remote_id")}
        return written, removed

    def _check_said(self) -> None:
        """No delivery says written that the CRM never carried out."""
        fields = self._fields()
        for row in self.deliveries:
            place = (row["sync"], row["remote_id"])
            if row["outcome"] != "written" or place in self.watcher.merged:
                # what is written to a record that was made one with another is the other's
                continue
            if row["operation"] in {"archive", "delete", "merge"}:
                if place in self.state and place not in self.watcher.restored:
                    is_back = any(
                        e.place == place and e.kind == "remove" for e in self.watcher.effects
                    )
                    if not is_back:
                        self.violated("no false written", f"{place} was never removed")
                continue
            for name, value in orjson.loads(row["payload"]).items():
                ours = fields[row["sync"]].get(name, name)
                shown = self.shown(ours, value)
                if ours in LINKS[place[0]] and self._joined(place, ours):
                    # another one is shown in its place
                    continue
                if shown and (place, ours, shown) not in self.watcher.held:
                    what = f"{ours} of {place} never was {shown!r}"
                    self.violated("no false written", what)

    def _check_no_echo(self) -> None:
        """What the models took from the CRM, somebody typed there."""
        loop = self.world.landscape.loop
        for (name, key, field_name), value in loop.typed.items() if loop else ():
            known = self.known.get((name, key))
            if known is None or known["state"] != "live":
                # an earlier ledger's, or of no record any more
                continue
            place = (name, known["remote_id"])
            if known["origin"] == "adopted" and self.watcher.made_by[place] == "us":
                # people took our key out of it before we heard of it: nobody knows whose it is
                continue
            is_ours = (name, field_name, value) in self.watcher.wrote
            if (
                is_ours
                and field_name in self.world.forms
                and f'"{field_name}"' not in known["sent"]
            ):
                # cut off, say, in an answer that nobody heard: what was sent can't be recognised
                continue
            if (place, field_name, value) not in self.watcher.typed:
                self.violated("no echo", f"nobody typed {value!r} into {field_name} of {place}")

    def _check_answers(self, changes: Mapping[tuple[str, str], Change]) -> None:
        """What was answered is done, if the two values are still those that were seen."""
        for given in self.world.desk.latest():
            asked = given.asked
            row = self.world.landscape.wanted(asked.sync).get(asked.key)
            place = (asked.sync, self.places.get((asked.sync, asked.key), ""))
            change = changes.get((asked.sync, asked.key))
            is_held = change is not None and change.operation in {"held", "keep"}
            if row is None or is_held or (row[asked.field] or None) != asked.ours:
                continue
            there, theirs = self.state.get(place, {}).get(asked.field, ""), asked.theirs or ""
            waits = self.asked.get((asked.sync, asked.key))
            is_asked_again = waits is not None and (waits.review_id, waits.state) == (
                asked.review_id,
                "open",
            )
            what = f"{given.answer.choice} for {asked.sync} {asked.key}, which holds {there!r}"
            # what we wrote is what the field holds since, though it may be the same again
            is_seen = there == theirs and self.watcher.authors.get((place, asked.field)) != "us"
            if is_seen and self.shown(asked.field, given.value) != there:
                self.violated("answers are followed", what)
            if is_seen and is_asked_again:
                self.violated("answers are followed", f"asked again: {what}")

    def _check_merged(self) -> None:
        """Of two keys that are one where the CRM merges, one record is left."""
        for sync in self.world.syncs:
            for key in self.world.landscape.merged if sync.on_merged == "merge" else ():
                known = self.known.get((sync.name, key))
                if known is None or known["state"] != "merged":
                    continue
                if (sync.name, key) in self.places:
                    self.violated("merged is one", f"{sync.name} {key} still has a record")

    def _check_sandbox(self) -> None:
        server = self.world.server
        if not isinstance(server, HubSpotServer):
            return
        said = server.sandbox.account.quotas.said()
        for name in ("refused_in_bursts", "refused_searches"):
            if said[name]:
                self.violated("quota", f"{name}: {said[name]}")

    def _fields(self) -> dict[str, dict[str, str]]:
        """By sync: the CRM's name of a field → the one it has here."""
        return {
            sync.name: {
                column.field: column.name if column.name != sync.key else self.watcher.key_field
                for column in sync.columns
            }
            for sync in self.world.syncs
        }


def _named(syncs: list[Sync], column: Column) -> Sync:
    return next(sync for sync in syncs if sync.name == column.links_to)


def _check_counts(world: "SimulatedWorld", applied: Applied) -> None:
    """What a run says it did is what the ledger has of it."""
    if applied.recovered:
        return
    with world.ledger.reading() as connection:
        found = Counter(
            _COUNTED.get((row.operation, row.outcome), row.outcome)
            for row in OUTCOMES.execute(connection, the_run=applied.run.run_id)
        )
        status = STATUS.execute(connection, the_run=applied.run.run_id).scalar()
    said = {
        name: getattr(applied.tally, name)
        for name in (*_COUNTED.values(), "rejected", "gone", "not_written")
    }
    if said != {name: found.get(name, 0) for name in said}:
        world.watcher.violated("statuses", f"{applied.sync.name} says {said}, the ledger {found}")
    if status != applied.status:
        world.watcher.violated("statuses", f"{applied.sync.name} is {applied.status} and {status}")


def _expected_code(applied: list[Applied]) -> ExitCode:
    statuses = [each.status for each in applied]
    if any(each == "stopped" for each in statuses):
        return ExitCode.STOPPED
    if all(each == "done" for each in statuses):
        return ExitCode.DONE
    return ExitCode.FAILED if all(each == "failed" for each in statuses) else ExitCode.PARTLY
