"""Send the changes of one sync, and know of each what became of it.

The state of a record that is sent:

    intended ──▶ sent ──▶ written
                  │  ├──▶ rejected      into the queue; the rest goes on
                  │  ├──▶ gone          the record isn't in the CRM any more
                  │  ├──▶ not written   surely; sent again, or planned anew
                  │  ├──▶ pending ──▶ collected, when the CRM has come to it
                  │  └──▶ unknown ──▶ read back ──▶ written | not written | gone

The intent is committed before the request leaves and the outcome after it has
come back, so whatever a crash leaves without an outcome is exactly what must be
read back at the next start. Only the thread that calls `deliver` touches the
ledger; requests run in the executor.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from itertools import groupby, islice
from operator import attrgetter
from typing import Any, Literal

from crm.errors import FatalError, RetryableError, UnknownOutcomeError
from crm.protocol import (
    Collecting,
    Crm,
    Gone,
    NotWritten,
    Operation,
    Outcome,
    Pending,
    Rejected,
    RemoteRecord,
    Unknown,
    Value,
    Write,
    Written,
)
from crm.values import text
from reverse_etl.clock import World
from reverse_etl.ledger import (
    UNDOING,
    Attempt,
    Intent,
    Known,
    Ledger,
    Merged,
    Run,
    Settled,
    State,
)
from reverse_etl.plan import MERGED_INTO, Change, exceeds
from reverse_etl.syncs import Sync
from reverse_etl.values import differ_in_form

ASKED_TO_STOP = "asked to stop; what was under way has been seen through"

_VERBS: Mapping[str, Operation] = {
    "create": "create",
    "adopt": "update",
    "update": "update",
    "restore": "update",
    "release": "update",
    "merge": "merge",
    "archive": "archive",
    "delete": "delete",
}
_INTO_ID = "merged_into_id"
"""What a merge's payload holds besides its key: the CRM's id of the record that lives on."""
_DELIVERED_AS: Mapping[str, str] = {"flag": "update"}
"""What the plan calls otherwise, because its reason is another."""
SettledAs = Literal["written", "rejected", "not_written", "gone"]
_REMOVED: Mapping[str, State] = {
    "archive": "archived",
    "delete": "deleted",
    "withdraw": "undone",
}
_SEEN: Mapping[str, State] = {"forget": "deleted", "redirect": "merged"}
"""What becomes of the row of a record that a plan leaves alone; it stays live by default."""
_OUTCOME_OF = attrgetter("outcome", "attempt.operation")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on with a CRM that doesn't take our requests."""

    sends: int = 8
    """How often one batch is sent before the run gives up on the CRM."""
    first_pause: float = 1.0
    longest_pause: float = 60.0
    longest_wait: float = 300.0
    """A CRM that wants us to wait longer than that ends the run; the next one goes on."""
    longest_job: float = 3600.0
    """So long a run waits for what the CRM answers later; the next one collects it."""


@dataclass(slots=True)
class Tally:
    """What came of a delivery, in records."""

    created: int = 0
    adopted: int = 0
    updated: int = 0
    merged: int = 0
    archived: int = 0
    deleted: int = 0
    restored: int = 0
    """Got back in some of their fields what an earlier run had found there."""
    released: int = 0
    """The same of records that had been adopted; they aren't ours any more."""
    withdrawn: int = 0
    """Were created by an earlier run, and removed again."""
    rejected: int = 0
    gone: int = 0
    waiting: int = 0
    """Held until the record exists that they must be linked to."""
    not_written: int = 0
    unknown: int = 0
    requests: int = 0
    """Write requests, repeated ones included."""
    stopped: str | None = None
    """Why the delivery ended before its end."""

    @property
    def written(self) -> int:
        """Records that the CRM said it wrote."""
        return sum(getattr(self, name) for name in _COUNTED.values())

    @property
    def is_whole(self) -> bool:
        """Whether everything that was to be written was."""
        open_ends = self.rejected + self.gone + self.waiting + self.not_written + self.unknown
        return open_ends == 0 and self.stopped is None


@dataclass(slots=True)
class _Batch:
    """Records of one operation that travel together."""

    batch_id: str
    operation: str
    attempts: Sequence[Attempt]
    intent_at: str = ""
    """When its intent was written down; empty as long as it isn't."""
    sends: int = 0
    due: float = 0.0
    receipt: str | None = None
    """What the CRM gave for it, if it answers later; it isn't sent then, but asked for."""
    given_up_at: float = 0.0
    answers: int = 0
    """How many batches had been answered when it was made."""
    is_unsure: bool = False
    """It may have been carried out: nobody heard of one of its sends."""

    def settled(self, attempt: Attempt, outcome: SettledAs, **facts: Any) -> Settled:
        """What became of one of its records."""
        return Settled(
            attempt,
            outcome,
            sends=self.sends,
            batch_id=self.batch_id,
            intent_at=self.intent_at,
            **facts,
        )


@dataclass(slots=True)
class _Answer:
    """A batch's outcomes, sorted by what is to be done about them."""

    settled: list[Settled] = field(default_factory=list)
    again: list[Attempt] = field(default_factory=list)
    lost: list[Attempt] = field(default_factory=list)
    """Surely not written either, but not because the CRM refused: it failed, or never heard."""
    unknown: list[Attempt] = field(default_factory=list)
    pending: dict[str, list[Attempt]] = field(default_factory=dict)
    """By receipt."""
    after: float = 0.0
    """Seconds before what is pending is worth asking for."""


class Delivery:
    """Delivers one sync's changes in one run."""

    def __init__(
        self,
        sync: Sync,
        run: Run,
        *,
        crm: Crm,
        ledger: Ledger,
        executor: Executor,
        world: World,
        patience: Patience | None = None,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.sync = sync
        self.run = run
        self.crm = crm
        self.ledger = ledger
        self.executor = executor
        self.world = world
        self.patience = patience or Patience()
        self.is_stopping = is_stopping
        self.tally = Tally()
        self._again: deque[_Batch] = deque()
        self._answers = 0
        """How many batches the CRM said something of."""
        self._settled: list[Settled] = []
        self._closed: list[str] = []

    def recover(self) -> int:
        """Find out what became of what this run sent and never heard of, by a later process.

        Returns how many records that were.
        """
        count = 0
        for intent in self.ledger.unsettled(self.sync.name):
            if intent.run_id != self.run.run_id:
                continue
            batch = _Batch(
                intent.batch_id,
                intent.operation,
                intent.attempts,
                intent.intent_at,
                receipt=intent.receipt,
            )
            count += len(batch.attempts)
            answer = self._heard_of(batch)
            if answer is None:
                continue
            self._settled += answer.settled
            # what surely wasn't written is planned anew
            for attempt in (*answer.again, *answer.lost):
                self._settled.append(batch.settled(attempt, "not_written"))
            self._close(batch, answer)
            self._commit([])
        return count

    def deliver(self, changes: Iterable[Change]) -> Tally:
        """Send the changes; returns what came of them."""
        # what others go into may be made by what comes before: that is seen through first
        for _, some in groupby(changes, key=lambda change: change.operation == "merge"):
            self._deliver(self._batches(some))
        return self.tally

    def _deliver(self, source: Iterator[_Batch]) -> None:
        pending: dict[Future[list[Outcome]], _Batch] = {}
        # as many again stand ready, so that no connection waits for the ledger
        window = 2 * self.crm.capabilities.in_flight
        while True:
            batches = self._next(source, window - len(pending))
            self._commit(batches)
            for batch in batches:
                batch.sends += 1
                self.tally.requests += batch.receipt is None
                pending[self._send(batch)] = batch
            if pending:
                for future in self.world.first_done(pending):
                    self._take_answer(pending.pop(future), future)
            elif self._again and self.tally.stopped is None:
                self._wait_for_next()
            else:
                break
        self._give_up_the_rest()

    def look(self, changes: Iterable[Change]) -> None:
        """Write down what the plan saw: what is as we want it already, gone, or another's now."""
        for some in _chunked(changes, 1_000):
            winners = [change.winner for change in some if change.winner is not None]
            # as long as the other has no record, it may still take over this one
            settled = self.ledger.remote_ids(self.sync.name, winners)
            self.ledger.write(
                self.run,
                known=[
                    Known(
                        change.key,
                        change.remote_id,
                        "created" if change.origin == "created" else "adopted",
                        None if change.waits else change.fingerprint,
                        change.sent,
                        change.observed,
                        _SEEN.get(change.operation, "live"),
                    )
                    for change in some
                    if change.remote_id is not None
                    and (change.operation != "redirect" or change.winner in settled)
                ],
            )

    def miss(self, changes: Iterable[Change]) -> None:
        """Write down what the plan looked for in vain: it is known to be gone from then on."""
        rest = iter(changes)
        while some := list(islice(rest, 1_000)):
            # of those that are known to be gone already, it stays known since when
            live = self.ledger.remote_ids(self.sync.name, [change.key for change in some])
            known = [
                Known(
                    change.key,
                    live[change.key],
                    "created" if change.origin == "created" else "adopted",
                    None,
                    change.sent,
                    change.observed,
                    "gone",
                )
                for change in some
                if change.key in live
            ]
            if known:
                self.ledger.write(self.run, known=known)

    # before sending

    def _next(self, source: Iterator[_Batch], room: int) -> list[_Batch]:
        """At most so many batches that may go out now: those to be sent again first."""
        batches: list[_Batch] = []
        while len(batches) < room and self.tally.stopped is None:
            batch = self._due()
            if batch is None and not self._must_stop():
                batch = next(source, None)
            if batch is None:
                break
            batches.append(batch)
        return batches

    def _batches(self, changes: Iterable[Change]) -> Iterator[_Batch]:
        size = self.crm.capabilities.max_batch
        for operation, same in groupby(changes, key=_operation):
            for some in _chunked(same, size):
                attempts = self._linked(operation, some)
                if attempts:
                    yield _Batch(self.world.new_id(), operation, attempts, answers=self._answers)

    def _commit(self, batches: Sequence[_Batch]) -> None:
        """Write down what came of the last batches, and what is about to be sent, in one go."""
        opened = [batch for batch in batches if not batch.intent_at]
        if not (opened or self._settled or self._closed):
            return
        now = self.world.now()
        for batch in opened:
            batch.intent_at = now
        self.ledger.write(
            self.run,
            settled=self._settled,
            closed=self._closed,
            opened=[Intent(b.batch_id, b.operation, b.attempts, now, b.receipt) for b in opened],
        )
        counted = Counter(map(_OUTCOME_OF, self._settled))
        for (outcome, operation), count in counted.items():
            name = _COUNTED[operation] if outcome == "written" else outcome
            setattr(self.tally, name, getattr(self.tally, name) + count)
        self._settled, self._closed = [], []
        self._stop_if_refused()

    def _stop_if_refused(self) -> None:
        """Send nothing more to a CRM that refuses more than the guard lets pass."""
        refused, answered = self.tally.rejected, self.tally.rejected + self.tally.written
        if self.tally.stopped is None and exceeds(refused, self.sync.guard.rejects, answered):
            self.tally.stopped = (
                f"the CRM refused {refused} of the first {answered} records, so the rest isn't "
                "sent: `reverse-etl errors` says what was wrong, the guard's `rejects` how many "
                "may be"
            )

    def _linked(self, operation: str, changes: Sequence[Change]) -> list[Attempt]:
        """The changes as they go out: links hold the CRM's ids, as far as there are any."""
        ids: dict[str, dict[str, str]] = {}
        # what an undo puts back is what the CRM held: its own ids
        for column in () if operation in UNDOING else self.sync.links:
            keys = [str(c.payload[column.field]) for c in changes if c.payload.get(column.field)]
            if keys:
                ids[column.field] = self.ledger.remote_ids(column.links_to or "", keys)
        required = {column.field for column in self.sync.links if column.required_link}
        winners = [change.winner for change in changes if change.winner and operation == "merge"]
        into = self.ledger.remote_ids(self.sync.name, winners)
        attempts = []
        for change in changes:
            payload, payload_json = change.payload, change.payload_json
            waits: Collection[str] = change.waits
            if operation == "merge":
                if change.winner not in into:
                    self.tally.waiting += 1
                    continue
                payload, payload_json = {**payload, _INTO_ID: into[change.winner]}, ""
            if ids:
                payload, missing = _with_ids(payload, ids)
                payload_json = ""
                waits = missing.union(waits)
            if waits and not required.isdisjoint(waits):
                self.tally.waiting += 1
                continue
            if not payload and change.operation not in _REMOVED:
                continue
            attempts.append(
                Attempt(
                    change.key,
                    operation,
                    change.remote_id,
                    payload,
                    change.before,
                    "created" if change.origin == "created" else "adopted",
                    change.fingerprint,
                    change.sent,
                    change.observed,
                    is_part=bool(waits),
                    payload_json=payload_json,
                )
            )
        return attempts

    def _send(self, batch: _Batch) -> Future[list[Outcome]]:
        if batch.receipt is not None:
            return self.executor.submit(self._collect, batch.receipt)
        return self.executor.submit(self._write, batch)

    def _write(self, batch: _Batch) -> list[Outcome]:
        verb = self._verb(batch.operation)
        writes = [_write_of(verb, attempt) for attempt in batch.attempts]
        return self.crm.write(self.sync.object, writes, batch_id=batch.batch_id)

    def _verb(self, operation: str) -> Operation:
        if operation == "withdraw":
            # what can be taken out of a bin again, before what is gone for good
            return "archive" if "archive" in self.crm.capabilities.operations else "delete"
        return _VERBS[operation]

    def _collect(self, receipt: str) -> list[Outcome]:
        if not isinstance(self.crm, Collecting):
            raise FatalError(
                f"the ledger waits for the CRM's job {receipt}, and a connection of this kind "
                "collects none; set its kind to what it was"
            )
        return self.crm.collect(self.sync.object, receipt)

    # after sending

    def _take_answer(self, batch: _Batch, future: Future[list[Outcome]]) -> None:
        try:
            answer = self._sorted(batch, future.result())
        except RetryableError as error:
            self._later(batch, error.after, str(error))
            return
        except UnknownOutcomeError as error:
            if batch.receipt is not None or self.crm.capabilities.repeatable_batch:
                # the CRM knows the batch by its id, and carries it out once
                batch.is_unsure = True
                self._later(batch, None, str(error))
                return
            answer = self._read_back(batch)
        except FatalError as error:
            self.tally.stopped = str(error)
            self._leave(batch)
            return
        else:
            self._answers += 1
            self._read_unsaid(batch, answer)
        self._settled += answer.settled
        self._close(batch, answer)
        if answer.again:
            self._send_again(batch, answer)
        if answer.lost:
            self._send_lost(batch, answer.lost)

    def _read_unsaid(self, batch: _Batch, answer: _Answer) -> None:
        """Read back what the CRM's answer said nothing of."""
        if not answer.unknown:
            return
        read = self._read_back(replace(batch, attempts=answer.unknown))
        answer.settled += read.settled
        answer.lost += read.lost
        answer.unknown = read.unknown

    def _close(self, batch: _Batch, answer: _Answer) -> None:
        """Close a batch; what isn't known yet stays open, with its receipt if it has one."""
        now = self.world.clock.now().timestamp()
        if len(answer.pending.get(batch.receipt or "", ())) == len(batch.attempts):
            # nothing of it is done, and it has the receipt that we know
            self._ask_again(batch, now + answer.after)
            return
        self._closed.append(batch.batch_id)
        rests = [
            replace(
                self._new_batch(batch, attempts),
                receipt=receipt,
                given_up_at=batch.given_up_at or now + self.patience.longest_job,
            )
            for receipt, attempts in answer.pending.items()
        ]
        # by its id and its receipt the CRM can be asked for it, and doesn't carry it out once more
        unknown = [replace(batch, attempts=answer.unknown, intent_at="")] if answer.unknown else []
        self.tally.unknown += len(answer.unknown)
        if rests or unknown:
            self._commit([*rests, *unknown])
        for rest in rests:
            self._ask_again(rest, now + answer.after)

    def _ask_again(self, batch: _Batch, due: float) -> None:
        if batch.given_up_at and due > batch.given_up_at:
            self.tally.stopped = (
                f"the CRM's job {batch.receipt} isn't done after {self.patience.longest_job:.0f} s;"
                " the next run collects it"
            )
        # it was asked for in vain, but not refused
        batch.sends = 0
        batch.due = due
        self._again.append(batch)

    def _sorted(self, batch: _Batch, outcomes: Sequence[Outcome]) -> _Answer:
        by_key = {outcome.key: outcome for outcome in outcomes}
        answer = _Answer()
        for attempt in batch.attempts:
            # a record that the answer doesn't mention may or may not have been written
            outcome = by_key.get(attempt.key) or Unknown(attempt.key)
            match outcome:
                case Written(refused=()):
                    written = _written(batch, attempt, outcome.remote_id, outcome.observed)
                    answer.settled.append(written)
                case Written():
                    answer.settled += _written_in_part(batch, attempt, outcome)
                case Rejected():
                    answer.settled.append(_rejected(batch, attempt, outcome))
                case Gone():
                    answer.settled.append(_gone(batch, attempt))
                case NotWritten():
                    answer.again.append(attempt)
                case Unknown():
                    answer.unknown.append(attempt)
                case Pending():
                    answer.pending.setdefault(outcome.receipt, []).append(attempt)
                    answer.after = max(answer.after, outcome.after)
        return answer

    def _send_again(self, batch: _Batch, answer: _Answer) -> None:
        """Send what was surely not written once more, so that it must come to an end.

        A batch from which the CRM named bad records goes again without them; one that was
        refused whole twice, with nobody named, goes in halves until the bad ones stand alone.
        """
        again = answer.again
        if answer.settled or batch.sends == 1:
            sends = 0 if answer.settled else batch.sends
            self._again.append(self._new_batch(batch, again, sends))
        elif len(again) > 1:
            middle = len(again) // 2
            self._again.append(self._new_batch(batch, again[:middle]))
            self._again.append(self._new_batch(batch, again[middle:]))
        else:
            message = "the CRM refused the record, and gave no reason"
            self._settled.append(
                batch.settled(again[0], "rejected", error_code="refused", message=message)
            )

    def _send_lost(self, batch: _Batch, lost: Sequence[Attempt]) -> None:
        """Send what never arrived once more, after a while.

        From the second time on in halves: a record at which the CRM fails mustn't hold up the
        others. It is rejected when the CRM has failed at it alone as often as our patience
        lasts, and answered for others meanwhile; else it is the CRM that is down.
        """
        is_hopeless = batch.sends >= self.patience.sends and self._answers > batch.answers
        if is_hopeless and len(lost) == 1:
            message = f"the CRM failed at this record {batch.sends} times, and not at others"
            self._settled.append(
                batch.settled(lost[0], "rejected", error_code="unanswered", message=message)
            )
            return
        middle = len(lost) // 2 if batch.sends > 1 else 0
        for attempts in (lost[:middle], lost[middle:]):
            if attempts:
                sent = replace(self._new_batch(batch, attempts, batch.sends), answers=batch.answers)
                self._later(sent, None, "it failed", may_end_run=not is_hopeless)

    def _new_batch(self, batch: _Batch, attempts: Sequence[Attempt], sends: int = 0) -> _Batch:
        return _Batch(
            self.world.new_id(), batch.operation, attempts, sends=sends, answers=self._answers
        )

    def _heard_of(self, batch: _Batch) -> _Answer | None:
        """What became of a batch that an earlier run left; None if that can't be asked now."""
        can_ask = isinstance(self.crm, Collecting) and self.crm.capabilities.repeatable_batch
        if batch.receipt is None and not can_ask:
            return self._read_back(batch)
        waited, receipt = 0.0, batch.receipt
        while True:
            try:
                # a job that may still run can't be read back; under the same id it is made once
                said = self._collect(receipt) if receipt else self._write(batch)
            except (RetryableError, FatalError, UnknownOutcomeError):
                return None
            answer = self._sorted(batch, said)
            waited += answer.after
            if not answer.pending or waited > self.patience.longest_job:
                break
            if len(answer.pending) > 1:
                # several jobs were made of it; the next start asks for each
                break
            [receipt] = answer.pending
            try:
                self._pause(answer.after)
            except RetryableError:
                break
        self._read_unsaid(batch, answer)
        return answer

    def _read_back(self, batch: _Batch) -> _Answer:
        """Look in the CRM for what may have been written."""
        answer = _Answer()
        limits = self.crm.capabilities
        lag = limits.read_lag
        by_key = batch.operation == "create"
        field_name = self.sync.key_field if by_key else "id"
        for start in range(0, len(batch.attempts), limits.max_find):
            attempts = batch.attempts[start : start + limits.max_find]
            values = [a.key if by_key else str(a.remote_id) for a in attempts]
            try:
                self._pause(lag)
                lag = 0.0
                records = self._find(field_name, values)
            except (RetryableError, FatalError, UnknownOutcomeError) as error:
                # nobody can say: the intents stay open for the next start
                self.tally.stopped = f"what became of some records can't be read back: {error}"
                answer.unknown += attempts
                continue
            found: dict[str, list[RemoteRecord]] = {}
            for record in records:
                value = record.fields.get(field_name) if by_key else record.remote_id
                found.setdefault(str(value), []).append(record)
            if batch.operation == "merge":
                self._judge_merges(batch, attempts, found, answer)
                continue
            for attempt, value in zip(attempts, values, strict=True):
                self._judge(batch, attempt, found.get(value, []), answer)
        return answer

    def _judge_merges(
        self,
        batch: _Batch,
        attempts: Sequence[Attempt],
        found: Mapping[str, Sequence[RemoteRecord]],
        answer: _Answer,
    ) -> None:
        """What became of merges: a record that is still there wasn't merged.

        If it is gone and the other is there, it was. Under the other's key, too: what lives on
        may have a new id. If neither is there, the next plan says what is left to be done.
        """
        answer.lost += [each for each in attempts if str(each.remote_id) in found]
        gone = [each for each in attempts if str(each.remote_id) not in found]
        if not gone:
            return
        try:
            by_id = self._find("id", list({_into(each) for each in gone}))
            by_key = self._find(
                self.sync.key_field, list({str(each.payload[MERGED_INTO]) for each in gone})
            )
        except (RetryableError, FatalError, UnknownOutcomeError) as error:
            self.tally.stopped = f"what became of some records can't be read back: {error}"
            answer.unknown += gone
            return
        ids = {each.remote_id for each in by_id}
        keyed = {text(each.fields.get(self.sync.key_field)): each.remote_id for each in by_key}
        for attempt in gone:
            into = _into(attempt)
            lives_on = into if into in ids else keyed.get(text(attempt.payload[MERGED_INTO]))
            if lives_on is None:
                answer.settled.append(batch.settled(attempt, "not_written"))
            else:
                answer.settled.append(_merged(batch, attempt, lives_on))

    def _judge(
        self, batch: _Batch, attempt: Attempt, records: Sequence[RemoteRecord], answer: _Answer
    ) -> None:
        """What became of a record, from what the CRM holds now."""
        if len(records) > 1:
            answer.settled.append(
                batch.settled(
                    attempt,
                    "rejected",
                    error_code="doubled",
                    error_field=self.sync.key_field,
                    message=f"{len(records)} records of the CRM carry this key",
                )
            )
        elif attempt.operation in _REMOVED:
            if records:
                answer.lost.append(attempt)
            else:
                answer.settled.append(_gone(batch, attempt))
        elif not records:
            if attempt.operation == "create":
                answer.lost.append(attempt)
            else:
                answer.settled.append(_gone(batch, attempt))
        else:
            written, rest = _found(attempt, records[0])
            if written is not None:
                record = records[0]
                answer.settled.append(_written(batch, written, record.remote_id, record.fields))
            if rest is not None:
                answer.lost.append(rest)

    def _find(self, field_name: str, values: Sequence[str]) -> list[RemoteRecord]:
        pause = self.patience.first_pause
        for _ in range(self.patience.sends - 1):
            try:
                return self.crm.find(self.sync.object, field_name, values)
            except RetryableError as error:
                self._pause(error.after or pause * self.world.chance.uniform(0.5, 1.0))
                pause = min(pause * 2, self.patience.longest_pause)
        return self.crm.find(self.sync.object, field_name, values)

    # what can't go out now

    def _later(
        self, batch: _Batch, after: float | None, why: str, *, may_end_run: bool = True
    ) -> None:
        if batch.sends >= self.patience.sends and may_end_run:
            self.tally.stopped = f"sent {batch.sends} times in vain; the last answer: {why}"
        elif after is not None and after > self.patience.longest_wait:
            # a spent day, say: whoever holds the sync's lease mustn't sleep until midnight
            self.tally.stopped = f"the CRM wants us to come back in {after:.0f} s: {why}"
        if self.tally.stopped is not None:
            self._leave(batch)
            return
        pause = min(self.patience.first_pause * 2 ** (batch.sends - 1), self.patience.longest_pause)
        pause = after if after is not None else pause * self.world.chance.uniform(0.5, 1.0)
        batch.due = self.world.clock.now().timestamp() + pause
        self._again.append(batch)

    def _leave(self, batch: _Batch) -> None:
        """End with a batch that doesn't go out again in this run."""
        if batch.receipt is not None or batch.is_unsure:
            # the CRM may have it: its intent stays open, and the next start asks for it
            self.tally.unknown += len(batch.attempts)
            return
        self._settled += [batch.settled(attempt, "not_written") for attempt in batch.attempts]
        self._closed.append(batch.batch_id)

    def _give_up_the_rest(self) -> None:
        """What waited to be sent again when the delivery stopped is planned anew next time."""
        while self._again:
            self._leave(self._again.popleft())
        self._commit([])

    def _due(self) -> _Batch | None:
        now = self.world.clock.now().timestamp()
        for batch in self._again:
            if batch.due <= now:
                self._again.remove(batch)
                return batch
        return None

    def _wait_for_next(self) -> None:
        due = min(batch.due for batch in self._again)
        rest = due - self.world.clock.now().timestamp()
        # whoever asks us to stop isn't kept waiting
        self.world.clock.sleep(min(max(0.0, rest), self.world.longest_sleep))

    def _pause(self, seconds: float) -> None:
        """Wait before asking the CRM again what became of something.

        Raises:
            RetryableError: asked to stop meanwhile; the next start asks.
        """
        while seconds > 0:
            if self.is_stopping():
                raise RetryableError("asked to stop before the CRM could be asked")
            self.world.clock.sleep(min(seconds, self.world.longest_sleep))
            seconds -= self.world.longest_sleep

    def _must_stop(self) -> bool:
        if self.tally.stopped is None and self.is_stopping():
            self.tally.stopped = ASKED_TO_STOP
        return self.tally.stopped is not None


def _into(attempt: Attempt) -> str:
    """The CRM's id of the record into which a merge goes."""
    return str(attempt.payload[_INTO_ID])


def _write_of(verb: Operation, attempt: Attempt) -> Write:
    if verb == "merge":
        return Write(attempt.key, verb, attempt.remote_id, {}, _into(attempt))
    fields = {} if attempt.operation in _REMOVED else attempt.payload
    return Write(attempt.key, verb, attempt.remote_id, fields)


def _with_ids(
    payload: Mapping[str, Value], ids: Mapping[str, Mapping[str, str]]
) -> tuple[Mapping[str, Value], set[str]]:
    """A payload with the CRM's ids in its links, and the links that can't be made yet."""
    linked = dict(payload)
    missing = {name for name in ids if linked.get(name) and str(linked[name]) not in ids[name]}
    for name, known in ids.items():
        if name in missing:
            del linked[name]
        elif linked.get(name):
            linked[name] = known[str(linked[name])]
    return linked, missing


_COUNTED = {
    "create": "created",
    "adopt": "adopted",
    "update": "updated",
    "merge": "merged",
    "archive": "archived",
    "delete": "deleted",
    "restore": "restored",
    "release": "released",
    "withdraw": "withdrawn",
}


def _written(
    batch: _Batch, attempt: Attempt, remote_id: str, shown: Mapping[str, Value] | None
) -> Settled:
    if attempt.operation in _REMOVED:
        return _gone(batch, attempt)
    if attempt.operation in UNDOING:
        return _put_back(batch, attempt, remote_id, shown)
    if attempt.operation == "merge":
        return _merged(batch, attempt, remote_id)
    payload = attempt.payload
    observed = {}
    if attempt.observed:
        observed = {k: v for k, v in attempt.observed.items() if k not in payload}
    # most are the same to the letter; only the others are worth a closer look
    if shown is not None and shown != payload:
        for name, value in payload.items():
            there = shown.get(name)
            if there != value and text(there) != text(value):
                observed[name] = there
    known = Known(
        attempt.key,
        remote_id,
        attempt.origin,
        # with something left to be sent, the record is looked at again
        None if attempt.is_part else attempt.fingerprint,
        {**attempt.sent, **payload} if attempt.sent else payload,
        observed,
        sent_json="" if attempt.sent else attempt.payload_json,
    )
    # as `settled` does it; this one is made for nearly every record
    return Settled(
        attempt, "written", known, None, None, None, batch.sends, batch.batch_id, batch.intent_at
    )


def _put_back(
    batch: _Batch, attempt: Attempt, remote_id: str, shown: Mapping[str, Value] | None
) -> Settled:
    """Fields hold again what they held before us; what we had sent stays what was last sent.

    So the next plan sees nothing to do: ours is what was sent, theirs what the CRM showed then.
    """
    known = Known(
        attempt.key,
        remote_id,
        attempt.origin,
        None if attempt.is_part else attempt.fingerprint,
        attempt.sent,
        _observed(attempt, shown or {}),
        "undone" if attempt.operation == "release" and not attempt.is_part else "live",
    )
    return batch.settled(attempt, "written", known=known)


def _observed(attempt: Attempt, shown: Mapping[str, Value]) -> Mapping[str, Value]:
    """What the CRM shows where that isn't what we had sent, after fields were put back."""
    there = {name: shown.get(name, value) for name, value in attempt.payload.items()}
    return {
        name: value
        for name, value in {**attempt.observed, **there}.items()
        if name not in there or text(value) != text(attempt.sent.get(name))
    }


def _merged(batch: _Batch, attempt: Attempt, lives_on: str) -> Settled:
    """A record that is another's now, under the id that this one has in the CRM."""
    known = Known(
        attempt.key,
        str(attempt.remote_id),
        attempt.origin,
        None,
        attempt.sent,
        attempt.observed,
        "merged",
    )
    winner = Merged(str(attempt.payload[MERGED_INTO]), lives_on)
    return batch.settled(attempt, "written", known=known, lives_on=winner)


def _written_in_part(batch: _Batch, attempt: Attempt, outcome: Written) -> list[Settled]:
    """A record that was written but for fields that the CRM refused: it is in the queue as well."""
    refused = {each.field_name for each in outcome.refused}
    rest = {k: v for k, v in attempt.payload.items() if k not in refused}
    written = replace(attempt, payload=rest, payload_json="", is_part=True)
    return [
        _written(batch, written, outcome.remote_id, outcome.observed),
        # one entry a record: what the CRM said first
        _rejected(batch, replace(attempt, remote_id=outcome.remote_id), outcome.refused[0]),
    ]


def _rejected(batch: _Batch, attempt: Attempt, outcome: Rejected) -> Settled:
    return batch.settled(
        attempt,
        "rejected",
        error_code=outcome.code,
        error_field=outcome.field_name,
        message=outcome.message,
    )


def _found(attempt: Attempt, record: RemoteRecord) -> tuple[Attempt | None, Attempt | None]:
    """What of a record was written, and what wasn't, from what it holds now.

    Perhaps not all of it is there: a CRM that writes a record and its links by requests of
    their own may have been cut off in between. Only a field that shows the value that we sent
    counts as sent, in the CRM's own form as well, unless that is what stood there before:
    anything else may be a person's since, and to send it once more does no harm. Of a new
    record the next plan does that.
    """
    is_new = attempt.operation == "create"
    before = {} if is_new else attempt.before
    there = {}
    for name, value in attempt.payload.items():
        shown = record.fields.get(name)
        if text(shown) == text(value) or (
            before is not None
            and differ_in_form(shown, value)
            and not differ_in_form(before.get(name), value)
        ):
            there[name] = value
    if len(there) == len(attempt.payload):
        return attempt, None
    written = replace(attempt, payload=there, payload_json="", is_part=True)
    if is_new:
        return written, None
    if not there:
        return None, attempt
    rest = {name: value for name, value in attempt.payload.items() if name not in there}
    # what an undo puts back is nothing that we want there
    sent = attempt.sent if attempt.operation in UNDOING else {**attempt.sent, **there}
    observed = _observed(replace(written, sent=sent), record.fields)
    return written, replace(attempt, payload=rest, payload_json="", sent=sent, observed=observed)


def _gone(batch: _Batch, attempt: Attempt) -> Settled:
    if attempt.operation == "merge":
        # which of the two isn't there the next plan sees, and says what follows
        return batch.settled(attempt, "not_written")
    message = "the record isn't in the CRM any more"
    if attempt.operation == "adopt" or attempt.remote_id is None:
        return batch.settled(attempt, "gone", error_code="gone", message=message)
    if attempt.operation not in _REMOVED:
        known = Known(
            attempt.key,
            attempt.remote_id,
            attempt.origin,
            None,
            attempt.sent,
            attempt.observed,
            "gone",
        )
        return batch.settled(attempt, "gone", error_code="gone", message=message, known=known)
    # what was to be removed and isn't there is what we wanted
    known = Known(
        attempt.key,
        attempt.remote_id,
        attempt.origin,
        # of what was undone: as long as its row is the same, it isn't wanted again
        attempt.fingerprint,
        attempt.sent,
        attempt.observed,
        _REMOVED[attempt.operation],
    )
    return batch.settled(attempt, "written", known=known)


def _operation(change: Change) -> str:
    return _DELIVERED_AS.get(change.operation, change.operation)


def _chunked(changes: Iterable[Change], size: int) -> Iterator[list[Change]]:
    rest = iter(changes)
    while chunk := list(islice(rest, size)):
        yield chunk
