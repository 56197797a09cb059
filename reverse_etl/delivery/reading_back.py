"""What nobody heard of is looked for in the CRM."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from crm.errors import FatalError, RetryableError, UnknownOutcomeError
from crm.protocol import Crm, Linking, RemoteRecord, Value
from crm.values import text
from reverse_etl.clock import World
from reverse_etl.delivery import settling
from reverse_etl.delivery.batch import Answer, Batch, Patience
from reverse_etl.delivery.settling import REMOVED
from reverse_etl.delivery.writes import into_id
from reverse_etl.ledger import Attempt, Ledger
from reverse_etl.plan import MERGED_INTO
from reverse_etl.syncs import Sync

T = TypeVar("T")


class ReadingBack:
    """Reads back records of one sync that may have been written."""

    def __init__(
        self,
        sync: Sync,
        crm: Crm,
        ledger: Ledger,
        world: World,
        patience: Patience,
        is_stopping: Callable[[], bool],
    ) -> None:
        self._sync = sync
        self._crm = crm
        self._ledger = ledger
        self._world = world
        self._patience = patience
        self._is_stopping = is_stopping

    def what_became_of(self, batch: Batch) -> Answer:
        """Look in the CRM for what may have been written."""
        answer = Answer()
        limits = self._crm.capabilities
        lag = limits.read_lag
        by_key = batch.operation == "create"
        field_name = self._sync.key_field if by_key else "id"
        for start in range(0, len(batch.attempts), limits.max_find):
            attempts = batch.attempts[start : start + limits.max_find]
            values = [a.key if by_key else str(a.remote_id) for a in attempts]
            try:
                self.pause(lag)
                lag = 0.0
                records = self._find(field_name, values)
                self._let_go(attempts, records)
            except (RetryableError, FatalError, UnknownOutcomeError) as error:
                # nobody can say: the intents stay open for the next start
                answer.unreadable = f"what became of some records can't be read back: {error}"
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

    def pause(self, seconds: float) -> None:
        """Wait before asking the CRM again what became of something.

        Raises:
            RetryableError: asked to stop meanwhile; the next start asks.
        """
        while seconds > 0:
            if self._is_stopping():
                raise RetryableError("asked to stop before the CRM could be asked")
            self._world.clock.sleep(min(seconds, self._world.longest_sleep))
            seconds -= self._world.longest_sleep

    def _judge_merges(
        self,
        batch: Batch,
        attempts: Sequence[Attempt],
        found: Mapping[str, Sequence[RemoteRecord]],
        answer: Answer,
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
            by_id = self._find("id", list({into_id(each) for each in gone}))
            by_key = self._find(
                self._sync.key_field, list({str(each.payload[MERGED_INTO]) for each in gone})
            )
        except (RetryableError, FatalError, UnknownOutcomeError) as error:
            answer.unreadable = f"what became of some records can't be read back: {error}"
            answer.unknown += gone
            return
        ids = {each.remote_id for each in by_id}
        keyed = {text(each.fields.get(self._sync.key_field)): each.remote_id for each in by_key}
        for attempt in gone:
            into = into_id(attempt)
            lives_on = into if into in ids else keyed.get(text(attempt.payload[MERGED_INTO]))
            if lives_on is None:
                answer.settled.append(batch.settled(attempt, "not_written"))
            else:
                answer.settled.append(settling.merged(batch, attempt, lives_on))

    def _judge(
        self, batch: Batch, attempt: Attempt, records: Sequence[RemoteRecord], answer: Answer
    ) -> None:
        """What became of a record, from what the CRM holds now."""
        if len(records) > 1 and attempt.operation == "create":
            records = self._ours_of(attempt, records)
        if len(records) > 1:
            answer.settled.append(
                batch.settled(
                    attempt,
                    "rejected",
                    error_code="doubled",
                    error_field=self._sync.key_field,
                    message=f"{len(records)} records of the CRM carry this key",
                )
            )
        elif attempt.operation in REMOVED:
            if records:
                answer.lost.append(attempt)
            else:
                answer.settled.append(settling.gone(batch, attempt))
        elif not records:
            if attempt.operation == "create":
                answer.lost.append(attempt)
            else:
                answer.settled.append(settling.gone(batch, attempt))
        else:
            written, rest = settling.found(attempt, records[0])
            if written is not None:
                record = records[0]
                answer.settled.append(
                    settling.written(batch, written, record.remote_id, record.fields)
                )
            if rest is not None:
                answer.lost.append(rest)

    def _ours_of(self, attempt: Attempt, records: Sequence[RemoteRecord]) -> Sequence[RemoteRecord]:
        """Of several records with the key of a new one, ours alone, if it can be told.

        People put back a record that we knew under the key, or import a list that has it; ours is
        another than the former one, and holds what we sent.
        """
        former = {each["remote_id"] for each in self._ledger.known(self._sync.name, [attempt.key])}
        others = [each for each in records if each.remote_id not in former]
        ours = [each for each in others if settling.holds_all(attempt, each)]
        return ours if len(ours) == 1 else records

    def _find(self, field_name: str, values: Sequence[str]) -> list[RemoteRecord]:
        return self._patiently(lambda: self._crm.find(self._sync.object, field_name, values))

    def _let_go(self, attempts: Sequence[Attempt], records: Sequence[RemoteRecord]) -> None:
        """Take away the links that ours replaced, where a write may have been cut off before that.

        The record shows ours then, so that nothing else would tell of the other.
        """
        crm = self._crm
        if not isinstance(crm, Linking):
            return
        shown = {record.remote_id: record.fields for record in records}
        for column in self._sync.links:
            name = column.field
            former = {
                str(each.remote_id): replaced
                for each in attempts
                if (replaced := _replaced(each, shown.get(str(each.remote_id), {}), name))
            }
            if former:
                self._patiently(partial(crm.let_go, self._sync.object, name, former))

    def _patiently(self, call: Callable[[], T]) -> T:
        """What the CRM says when it is asked, again and again if need be."""
        pause = self._patience.first_pause
        for _ in range(self._patience.sends - 1):
            try:
                return call()
            except RetryableError as error:
                self.pause(error.after or pause * self._world.chance.uniform(0.5, 1.0))
                pause = min(pause * 2, self._patience.longest_pause)
        return call()


def _replaced(attempt: Attempt, shown: Mapping[str, Value], name: str) -> str:
    """What a record was linked to before us, if it shows our link; else nothing."""
    ours, before = text(attempt.payload.get(name)), text((attempt.before or {}).get(name))
    return before if ours and ours != before and ours == text(shown.get(name)) else ""
