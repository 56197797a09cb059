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
from dataclasses import replace
from itertools import groupby, islice
from operator import attrgetter

from crm.errors import FatalError, RetryableError, UnknownOutcomeError
from crm.protocol import (
    Collecting,
    Crm,
    Gone,
    NotWritten,
    Outcome,
    Pending,
    Rejected,
    Unknown,
    Written,
)
from reverse_etl.clock import World
from reverse_etl.delivery import settling
from reverse_etl.delivery.batch import Answer, Batch, Patience
from reverse_etl.delivery.reading_back import ReadingBack
from reverse_etl.delivery.settling import REMOVED
from reverse_etl.delivery.tally import COUNTED, Tally
from reverse_etl.delivery.writes import INTO_ID, verb_of, with_ids, write_of
from reverse_etl.ledger import UNDOING, Attempt, Intent, Known, Ledger, Run, Settled, State
from reverse_etl.plan import Change, exceeds
from reverse_etl.syncs import Sync

ASKED_TO_STOP = "asked to stop; what was under way has been seen through"

_DELIVERED_AS: Mapping[str, str] = {"flag": "update"}
"""What the plan calls otherwise, because its reason is another."""
_SEEN: Mapping[str, State] = {"forget": "deleted", "redirect": "merged"}
"""What becomes of the row of a record that a plan leaves alone; it stays live by default."""
_OUTCOME_OF = attrgetter("outcome", "attempt.operation")


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
        self._reading = ReadingBack(sync, crm, ledger, world, self.patience, is_stopping)
        self._again: deque[Batch] = deque()
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
            batch = Batch(
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

    def _deliver(self, source: Iterator[Batch]) -> None:
        pending: dict[Future[list[Outcome]], Batch] = {}
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

    def _next(self, source: Iterator[Batch], room: int) -> list[Batch]:
        """At most so many batches that may go out now: those to be sent again first."""
        batches: list[Batch] = []
        while len(batches) < room and self.tally.stopped is None:
            batch = self._due()
            if batch is None and not self._must_stop():
                batch = next(source, None)
            if batch is None:
                break
            batches.append(batch)
        return batches

    def _batches(self, changes: Iterable[Change]) -> Iterator[Batch]:
        size = self.crm.capabilities.max_batch
        for operation, same in groupby(changes, key=_operation):
            for some in _chunked(same, size):
                attempts = self._linked(operation, some)
                if attempts:
                    yield Batch(self.world.new_id(), operation, attempts, answers=self._answers)

    def _commit(self, batches: Sequence[Batch]) -> None:
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
            name = COUNTED[operation] if outcome == "written" else outcome
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
                payload, payload_json = {**payload, INTO_ID: into[change.winner]}, ""
            if ids:
                payload, missing = with_ids(payload, ids)
                payload_json = ""
                waits = missing.union(waits)
            if waits and not required.isdisjoint(waits):
                self.tally.waiting += 1
                continue
            if not payload and change.operation not in REMOVED:
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

    def _send(self, batch: Batch) -> Future[list[Outcome]]:
        if batch.receipt is not None:
            return self.executor.submit(self._collect, batch.receipt)
        return self.executor.submit(self._write, batch)

    def _write(self, batch: Batch) -> list[Outcome]:
        verb = verb_of(batch.operation, self.crm.capabilities.operations)
        writes = [write_of(verb, attempt) for attempt in batch.attempts]
        return self.crm.write(self.sync.object, writes, batch_id=batch.batch_id)

    def _collect(self, receipt: str) -> list[Outcome]:
        if not isinstance(self.crm, Collecting):
            raise FatalError(
                f"the ledger waits for the CRM's job {receipt}, and a connection of this kind "
                "collects none; set its kind to what it was"
            )
        return self.crm.collect(self.sync.object, receipt)

    # after sending

    def _take_answer(self, batch: Batch, future: Future[list[Outcome]]) -> None:
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

    def _read_back(self, batch: Batch) -> Answer:
        answer = self._reading.what_became_of(batch)
        if answer.unreadable is not None:
            self.tally.stopped = answer.unreadable
        return answer

    def _read_unsaid(self, batch: Batch, answer: Answer) -> None:
        """Read back what the CRM's answer said nothing of."""
        if not answer.unknown:
            return
        read = self._read_back(replace(batch, attempts=answer.unknown))
        answer.settled += read.settled
        answer.lost += read.lost
        answer.unknown = read.unknown

    def _close(self, batch: Batch, answer: Answer) -> None:
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

    def _ask_again(self, batch: Batch, due: float) -> None:
        if batch.given_up_at and due > batch.given_up_at:
            self.tally.stopped = (
                f"the CRM's job {batch.receipt} isn't done after {self.patience.longest_job:.0f} s;"
                " the next run collects it"
            )
        # it was asked for in vain, but not refused
        batch.sends = 0
        batch.due = due
        self._again.append(batch)

    def _sorted(self, batch: Batch, outcomes: Sequence[Outcome]) -> Answer:
        by_key = {outcome.key: outcome for outcome in outcomes}
        answer = Answer()
        for attempt in batch.attempts:
            # a record that the answer doesn't mention may or may not have been written
            outcome = by_key.get(attempt.key) or Unknown(attempt.key)
            match outcome:
                case Written(refused=()):
                    written = settling.written(batch, attempt, outcome.remote_id, outcome.observed)
                    answer.settled.append(written)
                case Written():
                    answer.settled += settling.written_in_part(batch, attempt, outcome)
                case Rejected():
                    answer.settled.append(settling.rejected(batch, attempt, outcome))
                case Gone():
                    answer.settled.append(settling.gone(batch, attempt))
                case NotWritten():
                    answer.again.append(attempt)
                case Unknown():
                    answer.unknown.append(attempt)
                case Pending():
                    answer.pending.setdefault(outcome.receipt, []).append(attempt)
                    answer.after = max(answer.after, outcome.after)
        return answer

    def _send_again(self, batch: Batch, answer: Answer) -> None:
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

    def _send_lost(self, batch: Batch, lost: Sequence[Attempt]) -> None:
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

    def _new_batch(self, batch: Batch, attempts: Sequence[Attempt], sends: int = 0) -> Batch:
        return Batch(
            self.world.new_id(), batch.operation, attempts, sends=sends, answers=self._answers
        )

    def _heard_of(self, batch: Batch) -> Answer | None:
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
                self._reading.pause(answer.after)
            except RetryableError:
                break
        self._read_unsaid(batch, answer)
        return answer

    # what can't go out now

    def _later(
        self, batch: Batch, after: float | None, why: str, *, may_end_run: bool = True
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

    def _leave(self, batch: Batch) -> None:
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

    def _due(self) -> Batch | None:
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

    def _must_stop(self) -> bool:
        if self.tally.stopped is None and self.is_stopping():
            self.tally.stopped = ASKED_TO_STOP
        return self.tally.stopped is not None


def _operation(change: Change) -> str:
    return _DELIVERED_AS.get(change.operation, change.operation)


def _chunked(changes: Iterable[Change], size: int) -> Iterator[list[Change]]:
    rest = iter(changes)
    while chunk := list(islice(rest, size)):
        yield chunk
