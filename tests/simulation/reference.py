"""A plan in plain Python: the rules of reverse_etl/plan again, a record at a time.

It costs a hundredth of the SQL, so that a hundred thousand worlds can be planned,
and it is a second reading of the rules: test_reference.py holds both to the same
changes, column by column. Each rule of the SQL is one function here, under the
name it has there; what a new rule adds is added in both places.
"""

import base64
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Protocol

import orjson
from sqlalchemy import and_, bindparam, select

from crm.errors import RetryableError
from crm.protocol import Crm, Value
from reverse_etl.ledger import Ledger
from reverse_etl.ledger.reviews import Asked, hash_of
from reverse_etl.ledger.schema import erasures, records, rejects, review_values, reviews
from reverse_etl.ledger.statements import Statement
from reverse_etl.plan import MERGED_INTO, Change, Counts, FieldCounts, Plan, Planner, Rules
from reverse_etl.plan.planner import CHANGING, NAMING, SENDING
from reverse_etl.plan.reading import Wanted, fetch_pages
from reverse_etl.syncs import Column, Sync
from tests.simulation import validation

Row = Mapping[str, Any]
Fields = Mapping[str, Any]

PLAIN = {
    "tinyint", "smallint", "integer", "int", "bigint", "utinyint", "usmallint", "uinteger",
    "ubigint", "double", "float", "real", "boolean", "bool",
}  # fmt: skip
"""The types whose values travel as numbers and booleans; all else is a string."""

_r, _q = records.c, rejects.c
KNOWN = Statement(
    select(_r.key, _r.fingerprint, _r.remote_id, _r.origin, _r.state, _r.sent, _r.observed).where(
        _r.sync == bindparam("the_sync")
    )
)
UNDONE = Statement(
    select(_r.key, _r.fingerprint).where(_r.sync == bindparam("the_sync"), _r.state == "undone")
)
ERASURES = Statement(select(erasures.c.key).where(erasures.c.sync == bindparam("the_sync")))
ERASED = "erased"
REJECTED = Statement(
    select(_q.key, _q.fingerprint, _q.error_code, _q.error_field).where(
        _q.sync == bindparam("the_sync"), _q.state == "waiting"
    )
)
_c, _v = reviews.c, review_values.c
ASKED = Statement(
    select(
        _c.key, _c.field, _c.state, _c.answer, _c.ours_hash, _c.theirs_hash, _c.answer_hash,
        _v.answer_value,
    )
    .outerjoin_from(
        reviews,
        review_values,
        and_(_v.sync == _c.sync, _v.key == _c.key, _v.field == _c.field),
    )
    .where(_c.sync == bindparam("the_sync"))
)  # fmt: skip
BOUND = Statement(
    select(_r.sync, _r.key, _r.remote_id).where(
        _r.destination == bindparam("the_destination"),
        _r.object == bindparam("the_object"),
        _r.state == "live",
    )
)


class Models(Protocol):
    """Where the sync models' rows come from."""

    def desired(self, sync: Sync) -> Sequence[Row]:
        """The model's rows, with their fingerprints."""

    def redirects(self, sync: Sync) -> Sequence[tuple[str, str, str]]:
        """Old key, new key and kind."""


@dataclass
class Candidate:
    """A key that may need something: what we want of it, and what is known of it."""

    key: str
    row: Row | None
    known: Row | None
    ours: dict[str, str | None]
    record_id: str | None = None
    former_id: str | None = None
    """The CRM's id of the record that was removed."""
    is_anew: bool = False
    """Made anew if it is gone."""
    rejected: str | None = None
    winner: str | None = None
    """The key into which it was merged."""
    winner_id: str | None = None
    formerly: tuple[str, ...] = ()
    asked: dict[str, Any] = field(default_factory=dict)
    """By field: what people were asked, and what they said."""
    split_from: str | None = None
    heirloom: str | None = None
    """The record that it takes over from a key that was merged into it."""
    is_pointed_at: bool = False
    """Whether a record of ours still points at its record."""
    links: dict[str, str] = field(default_factory=dict)
    """By field: the CRM's id of the record it points at, or that one is coming."""

    @property
    def is_desired(self) -> bool:
        return self.row is not None

    @property
    def is_new(self) -> bool:
        return self.row is not None and self.known is None

    def is_looked_for(self, sync: Sync) -> bool:
        """Whether more than the CRM's id tells its record."""
        may_be_lost = self.rejected is None and sync.mode != "create_only"
        return self.is_desired and (self.is_new or may_be_lost)

    @property
    def fingerprint(self) -> str | None:
        return self.row["fingerprint"] if self.row is not None else None


@dataclass(frozen=True)
class Found:
    """Which of the CRM's records is a candidate's, and how we know."""

    remote_ids: Sequence[str]
    how: str
    claims: int
    holder: str | None
    """Whose it is, if several claim it and that can be said."""

    @property
    def remote_id(self) -> str:
        return min(self.remote_ids)

    @property
    def records(self) -> int:
        return len(self.remote_ids)


@dataclass(frozen=True)
class Theirs:
    """A record as the CRM holds it, and those that were merged into it."""

    fields: Fields
    formerly: tuple[str, ...]


@dataclass(frozen=True)
class Contest:
    """What becomes of a field about which a person may have to be asked."""

    question: Asked
    verdict: str
    """`ours`, `answered`, `value`, `ask` or `leave`; `drop` where it isn't looked at any more."""
    value: str | None
    """What is written, if anything is."""


class ReferencePlan(Plan):
    """The decided changes, in a list."""

    def __init__(self) -> None:
        self.decided: dict[str, list[Change]] = {}
        self.questions: dict[str, list[Contest]] = {}
        self.totals: dict[str, tuple[int, int, int]] = {}

    def counts(self, sync: Sync) -> Counts:
        decided = self.decided.get(sync.name, ())
        operations = Counter(sorted(change.operation for change in decided))
        refused = sum(change.cause in {"invalid", "rejected"} for change in decided)
        clears = {each.field: each.clears for each in self.fields(sync, CHANGING) if each.clears}
        asks = Counter(each.field for page in self.asked(sync) for each in page)
        return Counts(*self.totals[sync.name], dict(operations), refused, clears, asks)

    def asked(self, sync: Sync) -> Iterator[list[Asked]]:
        found = [
            each.question
            for each in self._argued(sync)
            if each.verdict == "ask" and self._operation(sync, each.question.key) != "held"
        ]
        if found:
            yield found

    def settled(self, sync: Sync) -> Iterator[list[tuple[str, str]]]:
        found = [
            (each.question.key, each.question.field)
            for each in self._argued(sync)
            if each.verdict != "ask"
        ]
        if found:
            yield found

    def _argued(self, sync: Sync) -> list[Contest]:
        return [
            each
            for each in self.questions.get(sync.name, ())
            if self._operation(sync, each.question.key) not in {None, "conflict"}
        ]

    def _operation(self, sync: Sync, key: str) -> str | None:
        return next((each.operation for each in self.decided[sync.name] if each.key == key), None)

    def fields(
        self, sync: Sync, operations: Sequence[str] = ("create", *CHANGING)
    ) -> list[FieldCounts]:
        decided = [each for each in self.decided.get(sync.name, ()) if each.operation in operations]
        counts = []
        for column in sync.columns:
            writing = [each for each in decided if column.field in each.payload]
            creates = sum(each.operation == "create" for each in writing)
            clears = sum(each.payload[column.field] is None for each in writing)
            if writing:
                updates = len(writing) - creates - clears
                counts.append(FieldCounts(column.field, creates, updates, clears))
        return counts

    def held(self, sync: Sync, limit: int) -> list[tuple[str, int]]:
        decided = self.decided.get(sync.name, ())
        reasons: dict[str | None, list[str]] = {}
        for each in decided:
            if each.operation == "held":
                kind = each.cause if each.cause in NAMING else each.reason
                reasons.setdefault(kind, []).append(each.reason or "")
        counted = [(min(said), len(said)) for said in reasons.values()]
        return sorted(counted, key=lambda each: (-each[1], each[0]))[:limit]

    def changes(
        self, sync: Sync, operations: Sequence[str] = SENDING, *, limit: int | None = None
    ) -> Iterator[Change]:
        wanted = [
            change
            for operation in operations
            for change in self.decided.get(sync.name, ())
            if change.operation == operation
        ]
        yield from wanted[:limit]


class ReferencePlanner(Planner):
    """Makes the same plans as `Planner`; the models are given to it instead of a connection."""

    def __init__(
        self, models: Models, ledger: Ledger, is_stopping: Callable[[], bool] = lambda: False
    ) -> None:
        self.plan: ReferencePlan = ReferencePlan()
        self._models = models
        self._ledger = ledger
        self._is_stopping = is_stopping
        self._candidates: dict[str, list[Candidate]] = {}

    def take(
        self,
        syncs: Sequence[Sync],
        *,
        keys: list[str] | None = None,
        forced: bool = False,
        again: bool = False,
    ) -> None:
        for sync in syncs:
            self._candidates[sync.name] = self._moved(sync, keys, forced=forced, again=again)

    def decide(
        self, sync: Sync, crm: Crm, executor: Executor, in_flight: int, rules: Rules | None = None
    ) -> Counts:
        candidates = self._candidates.pop(sync.name)
        self._follow_merges(sync, candidates)
        self._link(sync, candidates)
        theirs = self._read(sync, candidates, crm, executor, in_flight)
        found = _found(sync, candidates, theirs, self._bound(sync))
        held = {remote_id: each.fields for remote_id, each in theirs.items()}
        contests = {
            each.key: dict(_contests(sync, each, found.get(each.key), held)) for each in candidates
        }
        decided = [
            _checked(
                sync,
                each,
                _change(sync, each, found.get(each.key), held, contests[each.key]),
                rules,
            )
            for each in candidates
        ]
        self.plan.decided[sync.name] = sorted(
            _waiting(candidates, decided),
            # what goes into one record goes out together
            key=lambda each: (each.operation, each.winner is None, each.winner or "", each.key),
        )
        self.plan.questions[sync.name] = [
            contest
            for each in sorted(candidates, key=lambda each: each.key)
            for name, contest in sorted(contests[each.key].items())
            if contest.verdict == "ask"
            or (
                contest.verdict in {"ours", "leave", "drop"}
                and name in each.asked
                and each.asked[name].state != "settled"
            )
        ]
        return self.plan.counts(sync)

    def _read(
        self,
        sync: Sync,
        candidates: Sequence[Candidate],
        crm: Crm,
        executor: Executor,
        in_flight: int,
    ) -> dict[str, Theirs]:
        """The CRM's records that the candidates may be, by its ids."""
        theirs: dict[str, Theirs] = {}
        for asked in (_wanted, _lost):
            wanted = asked(sync, candidates, theirs)
            pages = fetch_pages(crm, sync.object, wanted, executor, in_flight) if wanted else ()
            for page in pages:
                if self._is_stopping():
                    raise RetryableError("asked to stop while the CRM was read; nothing was sent")
                for each in page:
                    theirs.setdefault(each.remote_id, Theirs(each.fields, each.formerly))
        return theirs

    def _moved(
        self, sync: Sync, keys: list[str] | None, *, forced: bool, again: bool
    ) -> list[Candidate]:
        """The keys that may need something: new, no longer wanted, or with another fingerprint."""
        rows = {str(row[sync.key]): row for row in self._models.desired(sync)}
        ever_known = self._known(sync)
        live = {key for key, each in ever_known.items() if each["state"] == "live"}
        known = {key: each for key, each in ever_known.items() if each["state"] in {"live", "gone"}}
        looked_at = set(keys or ()) if again else set()
        moved = {
            key
            for key in rows.keys() | known.keys()
            if key not in rows
            or key not in live
            or key in looked_at
            or rows[key]["fingerprint"] != known[key]["fingerprint"]
        }
        # what was undone isn't there, but isn't wanted again either until its row changes
        moved -= {
            key
            for key, fingerprint in self._undone(sync).items()
            if key in rows and fingerprint in {rows[key]["fingerprint"], ERASED}
        }
        unchanged = len(rows) - len(moved & rows.keys())
        self.plan.totals[sync.name] = (len(rows), len(live), unchanged)
        waiting = self._rejected(sync)
        asked = self._asked(sync)
        redirects = self._models.redirects(sync) if sync.redirects else ()
        merged = [(old, new) for old, new, kind in redirects if kind == "merged"]
        if keys is not None:
            moved &= and_merged_into(keys, merged)
        winners = {
            key: winner
            for key in moved - rows.keys()
            if (winner := _winner(key, merged, rows.keys())) is not None
        }
        heirlooms: dict[str, str] = {}
        for key, winner in sorted(winners.items()):
            heirlooms.setdefault(winner, known[key]["remote_id"])
        pointed_at = self._pointed_at(sync) if winners and sync.on_merged == "archive" else set()
        candidates = []
        for key in sorted(moved):
            row = rows.get(key)
            rejected_as, why = waiting.get(key, (None, None))
            is_same = rejected_as == (row["fingerprint"] if row is not None else None)
            former = ever_known.get(key)
            is_former = former is not None and former["state"] in {"archived", "deleted"}
            is_gone = key in known and key not in live
            candidates.append(
                Candidate(
                    key,
                    row,
                    known.get(key),
                    {each.field: _text(each, row[each.name]) if row else None
                     for each in sync.columns},
                    record_id=row[sync.record_id] if row and sync.record_id else None,
                    former_id=former["remote_id"] if former and is_former else None,
                    is_anew=sync.on_gone == "recreate" or (forced and is_gone),
                    rejected=why if is_same and not forced else None,
                    asked=asked.get(key, {}),
                    winner=winners.get(key),
                    winner_id=known.get(winners.get(key, ""), {}).get("remote_id"),
                    heirloom=heirlooms.get(key),
                    is_pointed_at=key in known and known[key]["remote_id"] in pointed_at,
                    split_from=min(
                        (old for old, new, kind in redirects if new == key and kind == "split"),
                        default=None,
                    ),
                    formerly=tuple(
                        old for old, new, kind in redirects if new == key and kind == "merged"
                    ),
                )
            )  # fmt: skip
        return candidates

    def _known(self, sync: Sync) -> dict[str, Row]:
        with self._ledger.reading() as connection:
            return {
                row.key: {
                    "fingerprint": row.fingerprint,
                    "remote_id": row.remote_id,
                    "origin": row.origin,
                    "state": row.state,
                    "sent": orjson.loads(row.sent),
                    "observed": orjson.loads(row.observed) if row.observed else {},
                }
                for row in KNOWN.execute(connection, the_sync=sync.name)
            }

    def _asked(self, sync: Sync) -> dict[str, dict[str, Any]]:
        """By key and field."""
        asked: dict[str, dict[str, Any]] = {}
        with self._ledger.reading() as connection:
            for row in ASKED.execute(connection, the_sync=sync.name) if sync.contested else ():
                if row.state != "settled" or row.answer in {"theirs", "value"}:
                    asked.setdefault(row.key, {})[row.field] = row
        return asked

    def _undone(self, sync: Sync) -> dict[str, str | None]:
        """By key: the fingerprint with which it isn't wanted; `ERASED` if nobody knows it."""
        with self._ledger.reading() as connection:
            undone: dict[str, str | None] = {
                row.key: row.fingerprint for row in UNDONE.execute(connection, the_sync=sync.name)
            }
            if None in undone.values():
                for row in ERASURES.execute(connection, the_sync=sync.name):
                    if undone.get(row.key, "") is None:
                        undone[row.key] = ERASED
            return undone

    def _rejected(self, sync: Sync) -> dict[str, tuple[str | None, str]]:
        with self._ledger.reading() as connection:
            return {
                row.key: (
                    row.fingerprint,
                    row.error_code + (f" ({row.error_field})" if row.error_field else ""),
                )
                for row in REJECTED.execute(connection, the_sync=sync.name)
            }

    def _bound(self, sync: Sync) -> list[tuple[str, str, str]]:
        """The CRM's records that we know under one of our keys: sync, key and id."""
        with self._ledger.reading() as connection:
            bound = BOUND.execute(
                connection, the_destination=sync.destination, the_object=sync.object
            )
            return [(row.sync, row.key, row.remote_id) for row in bound]

    def _pointed_at(self, sync: Sync) -> set[str | None]:
        """The CRM's ids that records of other syncs hold in their links to this one."""
        with self._ledger.reading() as connection:
            return {
                _shown(orjson.loads(row.observed or "{}").get(field_name))
                or _shown(orjson.loads(row.sent).get(field_name))
                for name, field_name in sync.linked_from
                for row in KNOWN.execute(connection, the_sync=name)
                if row.state == "live"
            }

    def _follow_merges(self, sync: Sync, candidates: Sequence[Candidate]) -> None:
        """What the CRM is known to show, once merges of the same plan have moved links."""
        pointed_at = {column.links_to for column in sync.links}
        merges = (
            change
            for name in pointed_at
            for change in self.plan.decided.get(name or "", ())
            if change.operation == "merge"
        )
        known = self._known(sync) if any(merges) else {}
        for each in candidates:
            if each.known is not None and each.key in known:
                each.known = {**each.known, "observed": known[each.key]["observed"]}

    def _link(self, sync: Sync, candidates: Sequence[Candidate]) -> None:
        """The CRM's ids of the records that are pointed at; what is planned to be is coming."""
        for column in sync.links:
            target = column.links_to or ""
            keys = {key for each in candidates if (key := each.ours[column.field]) is not None}
            ids = self._ledger.remote_ids(target, sorted(keys))
            coming = {
                change.key
                for change in self.plan.decided.get(target, ())
                if change.operation in {"create", "adopt"}
            }
            for each in candidates:
                key = each.ours[column.field]
                if key in ids:
                    each.links[column.field] = ids[key]
                elif key in coming:
                    each.links[column.field] = f"coming: {key}"


def and_merged_into(keys: Sequence[str], merged: Sequence[tuple[str, str]]) -> set[str]:
    """The keys, and whatever was merged into them."""
    found: set[str] = set()
    following = set(keys)
    while following:
        found |= following
        following = {old for old, new in merged if new in following} - found
    return found


def _winner(key: str, merged: Sequence[tuple[str, str]], wanted: AbstractSet[str]) -> str | None:
    """Into which wanted key a key was merged, to the end of the chain."""
    found: set[str] = set()
    following = {key}
    while following:
        following = {new for old, new in merged if old in following} - found
        found |= following
        following -= wanted
    return min(found & wanted, default=None)


def _waiting(candidates: Sequence[Candidate], decided: Sequence[Change]) -> Iterator[Change]:
    """The changes; merges into keys that have no record and get none are held."""
    coming = {each.key for each in decided if each.operation in {"create", "adopt"}}
    for each, change in zip(candidates, decided, strict=True):
        if change.operation == "merge" and each.winner_id is None and each.winner not in coming:
            reason = f"it waits for {each.winner}, into which it is to be merged"
            yield replace(
                change, operation="held", cause="link", reason=reason, payload={}, before=None
            )
        else:
            yield change


def _wanted(
    sync: Sync, candidates: Sequence[Candidate], _theirs: Mapping[str, Theirs]
) -> list[Wanted]:
    """What of the CRM's records is to be read."""
    looked_at = [each for each in candidates if each.rejected is None]
    new = [each for each in looked_at if each.is_new]
    ids = {each.known["remote_id"] for each in looked_at if each.known and _needs_look(sync, each)}
    ids |= {each.former_id for each in new if each.former_id is not None}
    ids |= {each.winner_id for each in looked_at if each.winner_id is not None}
    return _identifying(sync, new, ids)


def _lost(
    sync: Sync, candidates: Sequence[Candidate], theirs: Mapping[str, Theirs]
) -> list[Wanted]:
    """What may be the records that aren't there under the ids that we know."""
    there = theirs.keys() | {former for each in theirs.values() for former in each.formerly}
    lost = [
        each
        for each in candidates
        if each.known and each.is_looked_for(sync) and each.known["remote_id"] not in there
    ]
    return _identifying(sync, lost, set())


def _identifying(sync: Sync, sought: Sequence[Candidate], ids: set[str]) -> list[Wanted]:
    """What tells the records of candidates: their key, identity's word, the fields that match."""
    if sync.record_id:
        ids |= {each.record_id for each in sought if each.record_id is not None}
    keys = sorted(each.key for each in sought)
    wanted = [Wanted("id", sorted(ids)), Wanted(sync.key_field, keys)]
    for name in dict.fromkeys(group[0] for group in sync.match):
        values = {value for each in sought if (value := each.ours[name]) is not None}
        wanted.append(Wanted(name, sorted(values)))
    return [each for each in wanted if each.values]


def _needs_look(sync: Sync, each: Candidate) -> bool:
    """Whether a record that we know must be read: not if nothing can follow from it."""
    if each.is_desired:
        return sync.mode != "create_only"
    if each.winner is not None:
        return True
    is_removable = each.known is not None and each.known["origin"] == "created"
    is_left = sync.on_missing == "keep" or _is_flagged(sync.flag, each)
    return is_removable and not is_left


def _found(
    sync: Sync,
    candidates: Sequence[Candidate],
    theirs: Mapping[str, Theirs],
    bound: Sequence[tuple[str, str, str]],
) -> dict[str, Found]:
    bound_ids = {remote_id for _, _, remote_id in bound}
    best: dict[str, dict[str, Way]] = {}
    for each in candidates:
        ways: dict[int, dict[str, Way]] = {}
        for remote_id, held in theirs.items():
            for rank, how in _ways(sync, each, remote_id, held, is_bound=remote_id in bound_ids):
                ways.setdefault(rank, {})[remote_id] = (rank, how)
        if ways:
            best[each.key] = ways[min(ways)]
    claimants = _claimants(sync, candidates, theirs, best, bound)
    found = {}
    for key, ways_of_key in best.items():
        claims = [claimants.get(remote_id, {}) for remote_id in ways_of_key]
        holders = [
            _holder(claims_of_one, _shown(theirs[remote_id].fields.get(sync.key_field)))
            for remote_id, claims_of_one in zip(ways_of_key, claims, strict=True)
        ]
        found[key] = Found(
            sorted(ways_of_key),
            next(iter(ways_of_key.values()))[1],
            max(len(each) for each in claims),
            holders[0],
        )
    return found


Way = tuple[int, str]
"""How sure it is that a record is a candidate's, the surest first, and in words."""


def _claimants(
    sync: Sync,
    candidates: Sequence[Candidate],
    theirs: Mapping[str, Theirs],
    best: Mapping[str, Mapping[str, Way]],
    bound: Sequence[tuple[str, str, str]],
) -> dict[str, dict[str, tuple[bool, bool]]]:
    """By record of the CRM and key of ours: whether we knew the key, and had the record by it."""
    claimants: dict[str, dict[str, tuple[bool, bool]]] = {}
    in_doubt = set()
    for each in candidates:
        for remote_id, (rank, _) in best.get(each.key, {}).items():
            there = _shown(theirs[remote_id].fields.get(sync.key_field))
            if not each.is_desired or rank > 0 or there != each.key:
                in_doubt.add(remote_id)
            if each.is_desired:
                claimants.setdefault(remote_id, {})[each.key] = (each.known is not None, rank == 0)
    unwanted = {each.key for each in candidates if not each.is_desired}
    formerly = {key for each in candidates for key in each.formerly}
    for name, key, remote_id in bound:
        is_anothers = key not in best and key not in unwanted | formerly
        if name == sync.name and remote_id in in_doubt and is_anothers:
            claimants.setdefault(remote_id, {})[key] = (True, True)
    return claimants


def _holder(claims: Mapping[str, tuple[bool, bool]], their_key: str | None) -> str | None:
    """Whose a record is that several keys claim: whose key it has, or who had it before."""
    if their_key is not None and claims.get(their_key, (False, False))[0]:
        return their_key
    by_id = [key for key, (_, is_bound) in claims.items() if is_bound]
    return by_id[0] if len(by_id) == 1 else None


def _ways(
    sync: Sync, each: Candidate, remote_id: str, held: Theirs, *, is_bound: bool
) -> Iterator[tuple[int, str]]:
    """In which ways a record of the CRM's is a candidate's; the lowest rank counts."""
    known_id = each.known["remote_id"] if each.known is not None else None
    if remote_id == known_id:
        yield 0, "known"
    if known_id in held.formerly and each.is_desired:
        yield 1, "people merged it into this one"
    if not each.is_looked_for(sync):
        return
    their_key = _shown(held.fields.get(sync.key_field))
    is_free = their_key is None and not is_bound
    if their_key == each.key:
        yield 2, "it carries our key"
    if each.is_new and each.former_id == remote_id and is_free:
        yield 3, "it was removed, and people put it back"
    if each.record_id == remote_id and is_free:
        yield 4, "identity found it to be the same"
    if each.is_new:
        yield from _inherited(each, remote_id, their_key)
    for rank, group in enumerate(sync.match, start=7):
        values = [(_shown(held.fields.get(name)), each.ours[name]) for name in group]
        if is_free and all(one is not None and one == other for one, other in values):
            yield rank, f"it has the same {' and '.join(group)}"


def _inherited(each: Candidate, remote_id: str, their_key: str | None) -> Iterator[tuple[int, str]]:
    """Whether a record was that of a key that was merged into this one."""
    how = "it was that of another, merged into this one"
    if each.record_id == remote_id and their_key in each.formerly:
        yield 5, how
    if remote_id == each.heirloom:
        yield 6, how


@dataclass(frozen=True)
class Judgement:
    """What is to be done with a candidate, and why; and what kind of obstacle holds it."""

    operation: str
    reason: str | None = None
    cause: str | None = None


def _judged(
    sync: Sync, each: Candidate, found: Found | None, theirs: Mapping[str, Fields]
) -> Judgement:
    """What is to be done with a candidate, before its fields are looked at."""
    if each.rejected is not None:
        words = f"the CRM rejected it, {each.rejected}, and it has not changed since"
        return Judgement("held", words, "rejected")
    if not each.is_desired:
        return _removed(sync, each, found, theirs)
    obstacle = _obstacle(sync, each, found)
    if obstacle is not None:
        return obstacle
    if found is not None and each.known is None:
        return Judgement("adopt", found.how)
    waits = _waits(sync, each)
    reason = f"without {', '.join(waits)}, not there yet" if waits else None
    if found is not None:
        return Judgement("update", reason or (found.how if found.how != "known" else None))
    if reason is None and each.split_from is not None:
        reason = f"split from {each.split_from}"
    return Judgement("create", reason)


def _obstacle(sync: Sync, each: Candidate, found: Found | None) -> Judgement | None:
    """Why a record that we want isn't written, if it isn't."""
    waits = _waits(sync, each)
    obstacle = None
    if sync.mode == "create_only" and each.known is not None:
        obstacle = Judgement("keep", "it is there, and the mode is create_only")
    elif each.known is not None and found is None and not each.is_anew:
        obstacle = Judgement("held", "it is gone from the CRM", "gone")
    elif found is not None and found.records > 1:
        obstacle = _several(found)
    elif found is not None and found.claims > 1 and found.holder != each.key:
        obstacle = _claimed(each, found)
    elif sync.mode == "create_only" and found is not None:
        obstacle = Judgement("keep", "it is there, and the mode is create_only")
    elif sync.mode == "update_only" and found is None:
        obstacle = Judgement("keep", "it is not there, and the mode is update_only")
    elif any(column.required_link and column.field in waits for column in sync.links):
        words = f"it waits for what it must be linked to: {', '.join(waits)}"
        obstacle = Judgement("held", words, "link")
    return obstacle


def _several(found: Found) -> Judgement:
    ids = ", ".join(found.remote_ids)
    if found.how == "it carries our key":
        return Judgement(
            "held", f"{found.records} records of the CRM carry its key: {ids}", "doubled"
        )
    return Judgement("held", f"{found.records} records of the CRM could be it: {ids}", "ambiguous")


def _claimed(each: Candidate, found: Found) -> Judgement:
    if found.holder is None:
        words = "several of our records could be the same record of the CRM"
        return Judgement("held", words, "ambiguous")
    words = (
        f"the CRM's record {found.remote_id} is that of {found.holder}: say that {found.holder} "
        f"and {each.key} are the same, or part them in the CRM"
    )
    return Judgement("held", words, "merged")


def _removed(
    sync: Sync, each: Candidate, found: Found | None, theirs: Mapping[str, Fields]
) -> Judgement:
    """What is to be done with a record that the model no longer has."""
    judgement = Judgement(sync.on_missing, "no longer wanted")
    if each.winner is not None:
        judgement = _merged(sync, each, found, is_winner_there=each.winner_id in theirs)
    elif found is not None and found.claims > 0:
        judgement = Judgement("keep", "no longer wanted, and its record has another of our keys")
    elif each.known is not None and each.known["origin"] == "adopted":
        judgement = Judgement("keep", "no longer wanted, but people made it")
    elif sync.on_missing == "keep":
        judgement = Judgement("keep", "no longer wanted; on_missing is keep")
    elif _is_flagged(sync.flag, each):
        judgement = Judgement("keep", "no longer wanted, and flagged so")
    elif found is None:
        judgement = Judgement("forget", "no longer wanted, and gone from the CRM")
    return judgement


def _merged(
    sync: Sync, each: Candidate, found: Found | None, *, is_winner_there: bool
) -> Judgement:
    """What is to be done with the record of a key that was merged into another."""
    into = f"merged into {each.winner}"
    judgement = Judgement(sync.on_merged, into)
    is_winners = (found is not None and found.claims > 0) or (
        each.known is not None and each.winner_id == each.known["remote_id"]
    )
    if is_winners:
        judgement = Judgement("redirect", f"{into}, whose record it is")
    elif found is None:
        judgement = Judgement("forget", f"{into}, and gone from the CRM")
    elif sync.on_merged == "keep":
        judgement = Judgement("redirect", into)
    elif each.winner_id is not None and not is_winner_there:
        judgement = Judgement("held", f"{into}, whose record is gone from the CRM", "gone")
    elif sync.on_merged != "merge":
        judgement = _marked_or_removed(sync, each) or judgement
    return judgement


def _marked_or_removed(sync: Sync, each: Candidate) -> Judgement | None:
    """Why the record of a merged key is neither marked nor removed, if it isn't."""
    into = f"merged into {each.winner}"
    judgement = None
    if each.winner_id is None:
        judgement = Judgement("keep", f"{into}, which has no record yet")
    elif sync.on_merged == "flag":
        if _is_flagged(sync.merged_flag, each):
            judgement = Judgement("redirect", f"{into}, and flagged so")
    elif each.known is not None and each.known["origin"] == "adopted":
        judgement = Judgement("redirect", f"{into}, but people made it")
    elif each.is_pointed_at:
        judgement = Judgement("keep", f"{into}; kept while others point at it")
    return judgement


def _is_flagged(flag: Sequence[tuple[str, str]], each: Candidate) -> bool:
    """Whether it bears a mark."""
    sent = each.known["sent"] if each.known is not None else {}
    return bool(flag) and all(_shown(sent.get(name)) == value for name, value in flag)


def _checked(sync: Sync, each: Candidate, change: Change, rules: Rules | None) -> Change:
    """The change; or the record held, if the CRM would refuse it as it is."""
    faults = list(validation.faults(sync, change, rules or Rules()))
    if not faults:
        return change
    return replace(change, operation="held", reason="; ".join(faults), cause="invalid")


def _change(
    sync: Sync,
    each: Candidate,
    found: Found | None,
    theirs: Mapping[str, Fields],
    contests: Mapping[str, Contest],
) -> Change:
    judged = _judged(sync, each, found, theirs)
    operation, reason = judged.operation, judged.reason
    waits = _waits(sync, each)
    if operation == "create":
        payload = {
            column.field: _value(column, text)
            for column in sync.columns
            if (text := each.ours[column.field]) is not None
            and column.owner != "crm"
            and (not column.links_to or column.field in each.links)
        }
        return Change(
            sync.name, each.key, operation, reason, None, None, "created", payload, None, waits,
            each.fingerprint, {}, {},
        )  # fmt: skip
    held: Fields = theirs.get(found.remote_id, {}) if found else {}
    known = _known_of(each, found)
    payload, before = {}, None
    if operation in CHANGING:
        given = {name: contest.value for name, contest in contests.items()}
        flag = dict(sync.flag if each.winner is None else sync.merged_flag)
        wanted = flag if operation == "flag" else each.ours | given
        written = [
            column
            for column in sync.columns
            if (
                _is_marked(column, flag, known)
                if operation == "flag"
                else _is_written(column, each, known, held, contests)
            )
        ]
        payload = {column.field: _value(column, wanted[column.field]) for column in written}
        before = {column.field: held.get(column.field) for column in written}
        if not payload and operation != "flag":
            operation, reason = "unchanged", "the CRM holds it so already"
        before = before or None
        asks = [c.field for c in sync.columns if c.field in contests]
        again = {"ask", "answered", "value"}
        waits += tuple(name for name in asks if contests[name].verdict in again)
    elif operation in {"archive", "delete", "merge"}:
        before = dict(held)
    if operation == "merge":
        payload = {MERGED_INTO: each.winner}
    return Change(
        sync.name,
        each.key,
        operation,
        reason,
        judged.cause,
        found.remote_id if found else known["remote_id"],
        known["origin"],
        payload,
        before,
        waits,
        each.fingerprint,
        known["sent"],
        known["observed"],
        each.winner,
    )


def _known_of(each: Candidate, found: Found | None) -> Row:
    """What is known of the record that was found."""
    known = each.known or {"remote_id": None, "origin": "adopted", "sent": {}, "observed": {}}
    if found is not None and known["remote_id"] not in {None, found.remote_id}:
        # of another record than the one we wrote, nothing is as we left it
        return {**known, "origin": "adopted", "sent": {}, "observed": {}}
    return known


def _is_marked(column: Column, marks: Mapping[str, str], known: Row) -> bool:
    """Whether a field is to say that the record is no longer wanted."""
    sent = _shown(known["sent"].get(column.field))
    return column.field in marks and sent != marks[column.field]


@dataclass(frozen=True)
class Sides:
    """The four sides of a comparison."""

    ours: str | None
    theirs: str | None
    sent: str | None
    expected: str | None

    @property
    def is_as_we_left_it(self) -> bool:
        return self.sent is not None and self.theirs == self.expected


def _sides(column: Column, each: Candidate, known: Row, held: Fields) -> Sides:
    ours = each.links.get(column.field) if column.links_to else each.ours[column.field]
    sent = _shown(known["sent"].get(column.field))
    expected = sent
    if column.field in known["observed"]:
        expected = _shown(known["observed"][column.field])
    return Sides(ours, _shown(held.get(column.field)), sent, expected)


def _is_written(
    column: Column,
    each: Candidate,
    known: Row,
    held: Fields,
    contests: Mapping[str, Contest],
) -> bool:
    """Whether the field of a record that is there is to be written.

    The table of cases is docs/reference/ownership.md.
    """
    if column.field in contests:
        return contests[column.field].verdict in {"ours", "answered", "value"}
    sides = _sides(column, each, known, held)
    ours, theirs, sent = sides.ours, sides.theirs, sides.sent
    if column.owner == "crm" or ours == theirs:
        return False
    if column.owner == "fill_empty":
        return ours != sent and ((theirs is None and ours is not None) or sides.is_as_we_left_it)
    is_moved = ours != sent or theirs != sides.expected
    return is_moved and (ours is not None or sides.is_as_we_left_it)


def _contests(
    sync: Sync, each: Candidate, found: Found | None, theirs: Mapping[str, Fields]
) -> Iterator[tuple[str, Contest]]:
    """The fields about which a person may have to be asked, each with its verdict."""
    operation = _judged(sync, each, found, theirs).operation
    if operation in {"create", "held"}:
        return
    known = _known_of(each, found)
    held = theirs.get(found.remote_id, {}) if found else {}
    for _, column in sync.contested:
        sides = _sides(column, each, known, held)
        asked = Asked(
            each.key,
            column.field,
            each.ours[column.field],
            sides.theirs,
            hash_of(sync.name, each.key, column.field, sides.ours),
            hash_of(sync.name, each.key, column.field, sides.theirs),
        )
        said = "drop"
        value = each.ours[column.field]
        if operation in {"adopt", "update"}:
            said = _verdict(sync, column, each, sides, asked, held)
            value = each.asked[column.field].answer_value if said == "value" else value
        yield column.field, Contest(asked, said, value)


def _verdict(
    sync: Sync, column: Column, each: Candidate, sides: Sides, asked: Asked, held: Fields
) -> str:
    """What becomes of a field about which a person may have to be asked."""
    said = each.asked.get(column.field)
    answered = _answered(sync, column, each, sides, asked, held)
    ours, sent = sides.ours, sides.sent
    is_at_rest = sent == ours and sides.theirs == sides.expected
    if ours == sides.theirs or (is_at_rest and answered != "value"):
        return "leave"
    if answered is not None:
        return answered
    is_argued = said is not None and said.answer is None and said.theirs_hash == asked.theirs_hash
    is_nobodys = sides.theirs is None and sent is None
    if (sides.is_as_we_left_it or is_nobodys) and not is_argued:
        return "ours"
    return "leave" if ours in {None, sent} else _contest(column, each, held)


def _answered(
    sync: Sync, column: Column, each: Candidate, sides: Sides, asked: Asked, held: Fields
) -> str | None:
    """What follows from an answer, if there is one that isn't spent."""
    said = each.asked.get(column.field)
    if said is None or said.answer is None:
        return None
    sent_hash = hash_of(sync.name, each.key, column.field, sides.sent)
    is_same_ours = said.ours_hash == asked.ours_hash
    if said.answer == "value" and said.answer_hash == sent_hash and sides.is_as_we_left_it:
        return "leave" if is_same_ours or sides.ours is None else "ask"
    if said.answer == "ours" and said.ours_hash == sent_hash:
        return None
    is_seen = is_same_ours and said.theirs_hash == asked.theirs_hash
    if is_seen and (said.answer != "value" or said.answer_value is not None):
        return {"ours": "answered", "value": "value", "theirs": "leave"}[said.answer]
    return "leave" if sides.ours is None else _contest(column, each, held)


def _contest(column: Column, each: Candidate, held: Fields) -> str:
    """Both have changed, to different values."""
    if column.owner == "newest" and column.changed_at and column.changed_at_field:
        at = _time(each.row[column.changed_at] if each.row else None)
        their_at = _time(held.get(column.changed_at_field))
        if at is not None and their_at is not None and at != their_at:
            return "ours" if at > their_at else "leave"
    return "ask"


def _time(value: Any) -> datetime | None:
    """A time, in UTC where it names no zone; None if it isn't one."""
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _waits(sync: Sync, each: Candidate) -> tuple[str, ...]:
    """The links that can't be made yet."""
    return tuple(
        column.field
        for column in sync.links
        if each.ours[column.field] is not None and column.field not in each.links
    )


def _text(column: Column, value: Any) -> str | None:
    """A column's value as text; empty is null."""
    text: str | None
    match value:
        case None:
            text = None
        case bool():
            text = "true" if value else "false"
        case float():
            text = repr(value) if math.isfinite(value) else None
        case Decimal():
            _, _, scale = column.data_type.partition("(")[2].rstrip(")").partition(",")
            text = f"{value:.{int(scale or 0)}f}"
        case datetime():
            utc = value.astimezone(UTC) if value.tzinfo else value
            # Python alone writes the year 999 with three digits
            text = f"{utc.year:04}-{utc:%m-%dT%H:%M:%S.%fZ}"
        case date():
            text = value.isoformat()
        case bytes():
            text = base64.b64encode(value).decode()
        case list() | dict():
            text = orjson.dumps(value).decode()
        case _:
            text = str(value)
    return text or None


def _value(column: Column, text: str | None) -> Value:
    """The text of a value as it travels."""
    is_plain = column.data_type.partition("(")[0].strip() in PLAIN and not column.links_to
    return orjson.loads(text) if is_plain and text is not None else text


def _shown(value: Any) -> str | None:
    """A value of a record as text: as its JSON has it; empty is null."""
    text = value if isinstance(value, str) or value is None else orjson.dumps(value).decode()
    return text or None
