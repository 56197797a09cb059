"""Send the changes of one sync, and know of each what became of it.

The state of a record that is sent:

    intended ──▶ sent ──▶ written
                  │  ├──▶ rejected      into the queue; the rest goes on
                  │  ├──▶ gone          the record isn't in the CRM any more
                  │  ├──▶ not written   surely; sent again, or planned anew
                  │  └──▶ unknown ──▶ read back ──▶ written | not written | gone

The intent is committed before the request leaves and the outcome after it has
come back, so whatever a crash leaves without an outcome is exactly what must be
read back at the next start. Only the thread that calls `deliver` touches the
ledger; requests run in the executor.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field, replace
from itertools import groupby

from crm.errors import FatalError, RetryableError, UnknownOutcomeError
from crm.protocol import (
    Crm,
    Gone,
    NotWritten,
    Operation,
    Outcome,
    Rejected,
    RemoteRecord,
    Unknown,
    Value,
    Write,
    Written,
)
from reverse_etl.clock import World
from reverse_etl.ledger import Attempt, Known, Ledger, Run, Settled
from reverse_etl.plan import Change
from reverse_etl.syncs import Sync

_VERBS: Mapping[str, Operation] = {
    "create": "create",
    "adopt": "update",
    "update": "update",
    "archive": "archive",
    "delete": "delete",
}
_REMOVED: Mapping[str, str] = {"archive": "archived", "delete": "deleted"}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on with a CRM that doesn't take our requests."""

    sends: int = 8
    """How often one batch is sent before the run gives up on the CRM."""
    first_pause: float = 1.0
    longest_pause: float = 60.0


@dataclass(slots=True)
class Tally:
    """What came of a delivery, in records."""

    created: int = 0
    adopted: int = 0
    updated: int = 0
    archived: int = 0
    deleted: int = 0
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
        return self.created + self.adopted + self.updated + self.archived + self.deleted

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
    attempts: list[Attempt]
    sends: int = 0
    due: float = 0.0


@dataclass(slots=True)
class _Answer:
    """A batch's outcomes, sorted by what is to be done about them."""

    settled: list[Settled] = field(default_factory=list)
    again: list[Attempt] = field(default_factory=list)
    unknown: list[Attempt] = field(default_factory=list)


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

    def recover(self) -> int:
        """Find out what became of what an earlier run sent and never heard of.

        Returns how many records that were.
        """
        unsettled = self.ledger.unsettled(self.sync.name)
        for batch in self._grouped(unsettled):
            answer = self._read_back(batch)
            lost = [Settled(attempt, "not_written") for attempt in answer.again]
            self.ledger.settle(self.run, answer.settled + lost)
            # what can't be found out now keeps its open intent, and is asked for at the next start
            self.tally.unknown += len(answer.unknown)
        return len(unsettled)

    def deliver(self, changes: Iterable[Change]) -> Tally:
        """Send the changes; returns what came of them."""
        batches = self._batches(changes)
        pending: dict[Future[list[Outcome]], _Batch] = {}
        more = True
        while True:
            while len(pending) < self.crm.capabilities.in_flight:
                batch = self._due() if self.tally.stopped is None else None
                if batch is None and more and not self._must_stop():
                    batch = next(batches, None)
                    more = batch is not None
                if batch is None:
                    break
                batch.sends += 1
                self.tally.requests += 1
                pending[self._send(batch)] = batch
            if pending:
                done, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    self._settle(pending.pop(future), future)
            elif self._again and self.tally.stopped is None:
                self._wait_for_next()
            else:
                break
        self._give_up_the_rest()
        return self.tally

    def look(self, changes: Iterable[Change]) -> None:
        """Write down what the plan saw to be as we want it already, or to be gone for good."""
        known = [
            Known(
                change.key,
                change.remote_id,
                "created" if change.origin == "created" else "adopted",
                change.fingerprint,
                change.sent,
                change.observed,
                "deleted" if change.operation == "forget" else "live",
            )
            for change in changes
            if change.remote_id is not None
        ]
        for start in range(0, len(known), 1_000):
            self.ledger.know(self.run, known[start : start + 1_000])

    # before sending

    def _batches(self, changes: Iterable[Change]) -> Iterator[_Batch]:
        size = self.crm.capabilities.max_batch
        for operation, same in groupby(changes, key=lambda change: change.operation):
            waiting: list[Change] = []
            for change in same:
                waiting.append(change)
                if len(waiting) == size:
                    yield from self._intended(operation, waiting)
                    waiting = []
            yield from self._intended(operation, waiting)

    def _intended(self, operation: str, changes: Sequence[Change]) -> Iterator[_Batch]:
        attempts = self._linked(changes)
        if attempts:
            batch_id = self.world.new_id()
            yield _Batch(batch_id, operation, self.ledger.intend(self.run, batch_id, attempts))

    def _linked(self, changes: Sequence[Change]) -> list[Attempt]:
        """The changes as they go out: links hold the CRM's ids, as far as there are any."""
        ids: dict[str, dict[str, str]] = {}
        for column in self.sync.links:
            keys = [str(c.payload[column.field]) for c in changes if c.payload.get(column.field)]
            if keys:
                ids[column.field] = self.ledger.remote_ids(column.links_to or "", keys)
        attempts = []
        for change in changes:
            payload = dict(change.payload)
            waits = set(change.waits)
            for name, known in ids.items():
                if payload.get(name):
                    payload[name] = known.get(str(payload[name]))
                    if payload[name] is None:
                        del payload[name]
                        waits.add(name)
            if any(column.required_link and column.field in waits for column in self.sync.links):
                self.tally.waiting += 1
                continue
            if not payload and change.operation not in _REMOVED:
                continue
            attempts.append(
                Attempt(
                    change.key,
                    change.operation,
                    change.remote_id,
                    payload,
                    change.before,
                    "created" if change.origin == "created" else "adopted",
                    # with something left to be sent, the record is looked at again
                    None if waits else change.fingerprint,
                    change.sent,
                    change.observed,
                )
            )
        return attempts

    def _send(self, batch: _Batch) -> Future[list[Outcome]]:
        verb = _VERBS[batch.operation]
        writes = [
            Write(
                attempt.key,
                verb,
                attempt.remote_id,
                {} if batch.operation in _REMOVED else attempt.payload,
            )
            for attempt in batch.attempts
        ]
        return self.executor.submit(
            self.crm.write, self.sync.object, writes, batch_id=batch.batch_id
        )

    # after sending

    def _settle(self, batch: _Batch, future: Future[list[Outcome]]) -> None:
        try:
            answer = self._sorted(batch, future.result())
        except RetryableError as error:
            self._later(batch, error.after, str(error))
            return
        except UnknownOutcomeError as error:
            if self.crm.capabilities.repeatable_batch:
                # the CRM knows the batch by its id, and carries it out once
                self._later(batch, None, str(error))
                return
            answer = self._read_back(batch)
        except FatalError as error:
            self.tally.stopped = str(error)
            self._not_written(batch)
            return
        if answer.unknown:
            read = self._read_back(replace(batch, attempts=answer.unknown))
            answer.settled += read.settled
            answer.again += read.again
            self.tally.unknown += len(read.unknown)
        self._record(answer.settled)
        if answer.again:
            self._send_again(batch, answer)

    def _sorted(self, batch: _Batch, outcomes: Sequence[Outcome]) -> _Answer:
        by_key = {outcome.key: outcome for outcome in outcomes}
        answer = _Answer()
        for attempt in batch.attempts:
            # a record that the answer doesn't mention may or may not have been written
            outcome = by_key.get(attempt.key, Unknown(attempt.key))
            match outcome:
                case Written():
                    answer.settled.append(
                        _written(attempt, outcome.remote_id, outcome.observed, batch.sends)
                    )
                case Rejected():
                    answer.settled.append(
                        Settled(
                            attempt,
                            "rejected",
                            error_code=outcome.code,
                            error_field=outcome.field_name,
                            message=outcome.message,
                            sends=batch.sends,
                        )
                    )
                case Gone():
                    answer.settled.append(_gone(attempt, batch.sends))
                case NotWritten():
                    answer.again.append(attempt)
                case Unknown():
                    answer.unknown.append(attempt)
        return answer

    def _send_again(self, batch: _Batch, answer: _Answer) -> None:
        """Send what was surely not written once more, so that it must come to an end.

        A batch from which the CRM named bad records goes again without them; one that was
        refused whole, with nobody named, goes in halves until the bad ones stand alone.
        """
        again = answer.again
        if answer.settled or batch.sends < 2:
            sends = 0 if answer.settled else batch.sends
            self._again.append(_Batch(self.world.new_id(), batch.operation, again, sends))
        elif len(again) > 1:
            middle = len(again) // 2
            for half in (again[:middle], again[middle:]):
                self._again.append(_Batch(self.world.new_id(), batch.operation, half))
        else:
            self._record(
                [
                    Settled(
                        again[0],
                        "rejected",
                        error_code="refused",
                        message="the CRM refused the record, and gave no reason",
                        sends=batch.sends,
                    )
                ]
            )

    def _read_back(self, batch: _Batch) -> _Answer:
        """Look in the CRM for what may have been written."""
        answer = _Answer()
        limits = self.crm.capabilities
        if limits.read_lag:
            self.world.clock.sleep(limits.read_lag)
        by_key = batch.operation == "create"
        field_name = self.sync.key_field if by_key else "id"
        for start in range(0, len(batch.attempts), limits.max_find):
            attempts = batch.attempts[start : start + limits.max_find]
            values = [a.key if by_key else str(a.remote_id) for a in attempts]
            try:
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
            for attempt, value in zip(attempts, values, strict=True):
                self._judge(attempt, found.get(value, []), answer, batch.sends)
        return answer

    def _judge(
        self, attempt: Attempt, records: Sequence[RemoteRecord], answer: _Answer, sends: int
    ) -> None:
        """What became of a record, from what the CRM holds now."""
        if len(records) > 1:
            answer.settled.append(
                Settled(
                    attempt,
                    "rejected",
                    error_code="doubled",
                    error_field=self.sync.key_field,
                    message=f"{len(records)} records of the CRM carry this key",
                    sends=sends,
                )
            )
        elif attempt.operation in _REMOVED:
            if records:
                answer.again.append(attempt)
            else:
                answer.settled.append(_gone(attempt, sends))
        elif not records:
            if attempt.operation == "create":
                answer.again.append(attempt)
            else:
                answer.settled.append(_gone(attempt, sends))
        elif attempt.operation == "create" or _was_carried_out(attempt, records[0]):
            record = records[0]
            answer.settled.append(_written(attempt, record.remote_id, record.fields, sends))
        else:
            answer.again.append(attempt)

    def _find(self, field_name: str, values: Sequence[str]) -> list[RemoteRecord]:
        pause = self.patience.first_pause
        for _ in range(self.patience.sends - 1):
            try:
                return self.crm.find(self.sync.object, field_name, values)
            except RetryableError as error:
                self.world.clock.sleep(error.after or pause * self.world.chance.uniform(0.5, 1.0))
                pause = min(pause * 2, self.patience.longest_pause)
        return self.crm.find(self.sync.object, field_name, values)

    def _record(self, settled: Sequence[Settled]) -> None:
        if not settled:
            return
        self.ledger.settle(self.run, settled)
        for each in settled:
            written = each.outcome == "written"
            name = _COUNTED[each.attempt.operation] if written else each.outcome
            setattr(self.tally, name, getattr(self.tally, name) + 1)

    # what can't go out now

    def _later(self, batch: _Batch, after: float | None, why: str) -> None:
        if batch.sends >= self.patience.sends:
            self.tally.stopped = f"sent {batch.sends} times in vain; the last answer: {why}"
            self._not_written(batch)
            return
        pause = min(self.patience.first_pause * 2 ** (batch.sends - 1), self.patience.longest_pause)
        pause = after if after is not None else pause * self.world.chance.uniform(0.5, 1.0)
        batch.due = self.world.clock.now().timestamp() + pause
        self._again.append(batch)

    def _not_written(self, batch: _Batch) -> None:
        self._record([Settled(a, "not_written", sends=batch.sends) for a in batch.attempts])

    def _give_up_the_rest(self) -> None:
        """What waited to be sent again when the delivery stopped is planned anew next time."""
        while self._again:
            self._not_written(self._again.popleft())

    def _due(self) -> _Batch | None:
        now = self.world.clock.now().timestamp()
        for batch in self._again:
            if batch.due <= now:
                self._again.remove(batch)
                return batch
        return None

    def _wait_for_next(self) -> None:
        due = min(batch.due for batch in self._again)
        self.world.clock.sleep(max(0.0, due - self.world.clock.now().timestamp()))

    def _must_stop(self) -> bool:
        if self.tally.stopped is None and self.is_stopping():
            self.tally.stopped = "asked to stop; what was under way has been seen through"
        return self.tally.stopped is not None

    def _grouped(self, attempts: Sequence[Attempt]) -> Iterator[_Batch]:
        by_operation: dict[str, list[Attempt]] = {}
        for attempt in attempts:
            by_operation.setdefault(attempt.operation, []).append(attempt)
        for operation, same in by_operation.items():
            yield _Batch(self.world.new_id(), operation, same)


_COUNTED = {
    "create": "created",
    "adopt": "adopted",
    "update": "updated",
    "archive": "archived",
    "delete": "deleted",
}


def text(value: object) -> str:
    """A value as the text it is compared by: as the plan's SQL has it; nothing is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _written(
    attempt: Attempt, remote_id: str, shown: Mapping[str, Value] | None, sends: int
) -> Settled:
    if attempt.operation in _REMOVED:
        return _gone(attempt, sends)
    observed = {k: v for k, v in attempt.observed.items() if k not in attempt.payload}
    if shown is not None:
        observed |= {
            name: shown.get(name)
            for name, value in attempt.payload.items()
            if text(shown.get(name)) != text(value)
        }
    known = Known(
        attempt.key,
        remote_id,
        attempt.origin,
        attempt.fingerprint,
        {**attempt.sent, **attempt.payload},
        observed,
    )
    return Settled(attempt, "written", known, sends=sends)


def _gone(attempt: Attempt, sends: int) -> Settled:
    if attempt.operation not in _REMOVED or attempt.remote_id is None:
        message = "the record isn't in the CRM any more"
        return Settled(attempt, "gone", error_code="gone", message=message, sends=sends)
    # what was to be removed and isn't there is what we wanted
    known = Known(
        attempt.key,
        attempt.remote_id,
        attempt.origin,
        None,
        attempt.sent,
        attempt.observed,
        "archived" if attempt.operation == "archive" else "deleted",
    )
    return Settled(attempt, "written", known, sends=sends)


def _was_carried_out(attempt: Attempt, record: RemoteRecord) -> bool:
    """Whether an update reached the record: no field still holds what it held before.

    A CRM may show a value in another form than the one it was given, so what was written
    is told by the old value being gone, not by the new one standing there.
    """
    before = attempt.before or {}
    return all(
        text(record.fields.get(name)) == text(value)
        or text(record.fields.get(name)) != text(before.get(name))
        for name, value in attempt.payload.items()
    )
