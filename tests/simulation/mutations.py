"""The safeties of the delivery, each taken out: the simulation must notice.

A mutation patches one place, as a mistake there would. `MUTATIONS` says by which
invariant it is found; test_mutations.py holds the simulation to that, and
`python -m tests.simulation --mutations` prints after how many seeds.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from crm import http
from crm.errors import UnknownOutcomeError
from crm.protocol import NotWritten, Outcome, Pending, Unknown, Written
from crm.quota import Quota, Rate
from crm.wukong.crm import Wukong
from reverse_etl import engine
from reverse_etl.delivery import Delivery, settling
from reverse_etl.delivery.batch import Answer
from reverse_etl.delivery.reading_back import ReadingBack
from reverse_etl.errors import HeldByAnotherError
from reverse_etl.ledger import Known, Ledger
from reverse_etl.plan import Verdict
from tests.simulation import reference
from tests.simulation.loop import Loop
from tests.simulation.world import simulate

Patch = pytest.MonkeyPatch
MOST_SEEDS = 300


@dataclass(frozen=True)
class Mutation:
    """A safety that is taken out, and the invariants that notice."""

    safety: str
    take_out: Callable[[Patch], None]
    found_by: frozenset[str]


def seeds_until_found(
    mutation: Mutation, seeds: Iterable[int] = range(1, MOST_SEEDS + 1)
) -> tuple[int, frozenset[str]]:
    """After how many seeds a world violates something; and what."""
    with Patch.context() as patch:
        mutation.take_out(patch)
        for count, seed in enumerate(seeds, start=1):
            violations = simulate(seed).violations
            if violations:
                return count, frozenset(each.invariant for each in violations)
    return 0, frozenset()


def _no_intents(patch: Patch) -> None:
    patch.setattr(Ledger, "_open", lambda *_: None)


def _no_read_back(patch: Patch) -> None:
    def believed_lost(_self: Any, batch: Any) -> Any:
        return Answer(lost=list(batch.attempts))

    patch.setattr(Delivery, "_read_back", believed_lost)


def _found_is_written(patch: Patch) -> None:
    patch.setattr(settling, "found", lambda attempt, _record: (attempt, None))


def _merge_sent_blindly(patch: Patch) -> None:
    def believed_lost(
        _self: Any, _batch: Any, attempts: Sequence[Any], _found: Any, answer: Any
    ) -> None:
        answer.lost += attempts

    patch.setattr(ReadingBack, "_judge_merges", believed_lost)


def _id_of_the_loser_kept(patch: Patch) -> None:
    original = settling.merged

    def merged(batch: Any, attempt: Any, lives_on: str) -> Any:
        return replace(original(batch, attempt, lives_on), lives_on=None)

    patch.setattr(settling, "merged", merged)


def _of_outcomes(patch: Patch, change: Callable[[Any, Outcome], Outcome]) -> None:
    original = Delivery._sorted

    def sorted_otherwise(self: Delivery, batch: Any, outcomes: Sequence[Outcome]) -> Any:
        said = {outcome.key: outcome for outcome in outcomes}
        mended = [change(each, said.get(each.key, Unknown(each.key))) for each in batch.attempts]
        return original(self, batch, mended)

    patch.setattr(Delivery, "_sorted", sorted_otherwise)


def _written_anyway(attempt: Any) -> Written:
    return Written(attempt.key, attempt.remote_id or f"id of {attempt.key}")


def _whole_answer_counts(patch: Patch) -> None:
    _of_outcomes(
        patch,
        lambda attempt, outcome: (
            outcome if isinstance(outcome, (Written, Pending)) else _written_anyway(attempt)
        ),
    )


def _not_written_counts(patch: Patch) -> None:
    _of_outcomes(
        patch,
        lambda attempt, outcome: (
            _written_anyway(attempt) if isinstance(outcome, NotWritten) else outcome
        ),
    )


def _unknown_is_not_written(patch: Patch) -> None:
    def unsaid(_self: Any, _batch: Any, answer: Any) -> None:
        answer.lost += answer.unknown
        answer.unknown = []

    patch.setattr(Delivery, "_read_unsaid", unsaid)


def _no_recovery(patch: Patch) -> None:
    def forgotten(self: Delivery) -> int:
        open_ones = self.ledger.unsettled(self.sync.name)
        self.ledger.write(self.run, closed=[intent.batch_id for intent in open_ones])
        return 0

    patch.setattr(Delivery, "recover", forgotten)


def _receipt_dropped(patch: Patch) -> None:
    original = Delivery._close

    def closed(self: Delivery, batch: Any, answer: Any) -> None:
        answer.pending.clear()
        original(self, batch, answer)

    patch.setattr(Delivery, "_close", closed)


def _another_id_each_time(patch: Patch) -> None:
    original = Delivery._write

    def written(self: Delivery, batch: Any) -> Any:
        return original(self, replace(batch, batch_id=self.world.new_id()))

    patch.setattr(Delivery, "_write", written)


def _rejects_forgotten(patch: Patch) -> None:
    patch.setattr(Ledger, "_queue_rejects", lambda *_: None)


def _fingerprint_first(patch: Patch) -> None:
    original = Delivery._commit

    def committed(self: Delivery, batches: Any) -> None:
        original(self, batches)
        known = [
            Known(each.key, each.remote_id, each.origin, each.fingerprint, each.sent, each.observed)
            for batch in batches
            for each in batch.attempts
            if batch.operation == "update"
        ]
        if known:
            self.ledger.write(self.run, known=known)

    patch.setattr(Delivery, "_commit", committed)


def _links_not_waited_for(patch: Patch) -> None:
    original = Delivery._linked

    def linked(self: Delivery, *changes: Any) -> Any:
        return [replace(each, is_part=False) for each in original(self, *changes)]

    patch.setattr(Delivery, "_linked", linked)


def _lease_ignored(patch: Patch) -> None:
    patch.setattr(Ledger, "_take_lease", lambda *_: None)


def _lease_of_the_dead_kept(patch: Patch) -> None:
    original = Ledger._take_lease

    def taken(self: Ledger, connection: Any, sync: str, run_id: str, me: Any) -> None:
        found = connection.exec_driver_sql("select 1 from leases where sync = ?", (sync,)).first()
        if found is not None:
            raise HeldByAnotherError("held")
        original(self, connection, sync, run_id, me)

    patch.setattr(Ledger, "_take_lease", taken)


def _lease_not_given_back(patch: Patch) -> None:
    original = Ledger.finish_run

    def finished(self: Ledger, run: Any, *facts: Any) -> None:
        with self.reading() as connection:
            rows = connection.exec_driver_sql("select * from leases").all()
        original(self, run, *facts)
        with self.writing() as connection:
            for row in rows:
                connection.exec_driver_sql(
                    "insert or ignore into leases values (?, ?, ?, ?, ?, ?)", tuple(row)
                )

    patch.setattr(Ledger, "finish_run", finished)


def _peoples_records_removed(patch: Patch) -> None:
    original = reference._removed

    def removed(sync: Any, each: Any, found: Any, theirs: Any) -> Any:
        if each.known is not None:
            each.known = {**each.known, "origin": "created"}
        return original(sync, each, found, theirs)

    patch.setattr(reference, "_removed", removed)


def _peoples_values_overwritten(patch: Patch) -> None:
    original = reference._is_written

    def is_written(column: Any, *sides: Any) -> bool:
        return original(replace(column, owner="warehouse"), *sides)

    patch.setattr(reference, "_is_written", is_written)


def _fields_compared(patch: Patch, change: Callable[..., Any]) -> None:
    original = reference._is_written
    patch.setattr(
        reference,
        "_is_written",
        lambda column, each, known, held, contests: original(
            *(*change(column, each, known, held), contests)
        ),
    )


def _what_was_shown_forgotten(patch: Patch) -> None:
    _fields_compared(
        patch, lambda column, each, known, held: (column, each, {**known, "observed": {}}, held)
    )


def _what_was_sent_forgotten(patch: Patch) -> None:
    def as_if_left_so(column: Any, each: Any, known: Any, held: Any) -> Any:
        return column, each, {**known, "sent": held, "observed": {}}, held

    _fields_compared(patch, as_if_left_so)


def _emptied_filled_again(patch: Patch) -> None:
    original = reference._is_written

    def is_written(column: Any, each: Any, known: Any, held: Any, contests: Any) -> bool:
        is_empty = not held.get(column.field) and each.ours[column.field] is not None
        is_filled = column.owner == "fill_empty" and is_empty
        return is_filled or original(column, each, known, held, contests)

    patch.setattr(reference, "_is_written", is_written)


def _verdicts(patch: Patch, change: Callable[[str, Any, Any], str]) -> None:
    """Decide fields under review otherwise, by the verdict, the answer and the question."""
    original = reference._verdict

    def verdict(
        sync: Any, column: Any, each: Any, sides: Any, asked: Any, held: reference.Fields
    ) -> str:
        said = original(sync, column, each, sides, asked, held)
        return change(said, each.asked.get(column.field), asked)

    patch.setattr(reference, "_verdict", verdict)


def _nobody_asked(patch: Patch) -> None:
    patch.setattr(reference, "_contest", lambda *_: "ours")


def _answer_counts_for_ours_alone(patch: Patch) -> None:
    _verdicts(
        patch,
        lambda verdict, said, asked: (
            "answered"
            if verdict == "ask"
            and said is not None
            and said.answer == "ours"
            and said.ours_hash == asked.ours_hash
            else verdict
        ),
    )


def _answer_counts_for_theirs_alone(patch: Patch) -> None:
    _verdicts(
        patch,
        lambda verdict, said, asked: (
            "answered"
            if verdict == "ask"
            and said is not None
            and said.answer == "ours"
            and said.theirs_hash == asked.theirs_hash
            else verdict
        ),
    )


def _answers_left_lying(patch: Patch) -> None:
    _verdicts(patch, lambda verdict, *_: "ask" if verdict in {"answered", "value"} else verdict)


def _bound_records_taken(patch: Patch) -> None:
    original = reference._ways

    def ways(
        sync: Any, each: Any, remote_id: str, held: reference.Theirs, *, is_bound: bool
    ) -> Any:
        keyless = {name: value for name, value in held.fields.items() if name != sync.key_field}
        yield from original(sync, each, remote_id, held, is_bound=is_bound)
        yield from original(sync, each, remote_id, replace(held, fields=keyless), is_bound=False)

    patch.setattr(reference, "_ways", ways)


def _typed_not_looked_for(patch: Patch) -> None:
    original = reference._ways

    def ways(*args: Any, **named: Any) -> Any:
        found_by_key = (0, 1, 2)
        return (each for each in original(*args, **named) if each[0] in found_by_key)

    patch.setattr(reference, "_ways", ways)


def _claims_uncounted(patch: Patch) -> None:
    original = reference._found

    def found(*args: Any) -> Any:
        return {key: replace(each, claims=1) for key, each in original(*args).items()}

    patch.setattr(reference, "_found", found)


def _removed_made_again(patch: Patch) -> None:
    original = reference._obstacle

    def obstacle(sync: Any, each: Any, found: Any) -> Any:
        judged = original(sync, each, found)
        return None if judged is not None and judged.cause == "gone" else judged

    patch.setattr(reference, "_obstacle", obstacle)


def _index_believed(patch: Patch) -> None:
    original = Wukong.__init__

    def made(self: Wukong, client: Any, options: Any) -> None:
        original(self, client, replace(options, read_lag=0.0))

    patch.setattr(Wukong, "__init__", made)


def _shown_not_kept(patch: Patch) -> None:
    original = settling.written
    patch.setattr(
        settling, "written", lambda batch, attempt, remote_id, _: original(
            batch, attempt, remote_id, None
        )
    )  # fmt: skip


def _echo_is_news(patch: Patch) -> None:
    patch.setattr(Loop, "_note_echoes", lambda *_: None)


def _key_not_looked_for(patch: Patch) -> None:
    original = reference._ways

    def ways(*args: Any, **named: Any) -> Any:
        return (each for each in original(*args, **named) if each[0] != 2)

    patch.setattr(reference, "_ways", ways)


def _free_reads(patch: Patch) -> None:
    original = http.Client.read

    def read(self: http.Client, call: Any, **named: Any) -> Any:
        free = replace(self, quota=Quota(Rate(), self.runtime))
        return original(free, call, **named)

    patch.setattr(http.Client, "read", read)


def _free_retries(patch: Patch) -> None:
    original = http.Client._ask
    free: dict[int, Quota] = {}

    def ask(self: http.Client, call: Any, is_empty: Any) -> Any:
        if id(call) in free:
            return original(replace(self, quota=free[id(call)]), call, is_empty)
        try:
            return original(self, call, is_empty)
        except UnknownOutcomeError:
            free[id(call)] = Quota(Rate(), self.runtime)
            raise

    patch.setattr(http.Client, "_ask", ask)


def _retry_after_ignored(patch: Patch) -> None:
    patch.setattr(Quota, "refused", lambda *_: None)


def _guests_believed(patch: Patch) -> None:
    patch.setattr(http.Client, "_is_stranger", lambda *_: False)


def _guard_open(patch: Patch) -> None:
    patch.setattr(engine, "judge", lambda sync, _counts, **_named: Verdict(sync.name, ()))


def _mutation(safety: str, take_out: Callable[[Patch], None], *found_by: str) -> Mutation:
    return Mutation(safety, take_out, frozenset(found_by))


DOUBLED = ("exactly once", "ledger explains", "held with a reason")
"""What shows a record that was written twice or unnoticed; which does first is chance."""

TAKEN_OVER = (
    "desired values", "exactly once", "held with a reason", "unwanted goes", "no false written",
)  # fmt: skip
"""What shows a record that was taken for two of ours; if both write it at once, one never did."""

MUTATIONS = (
    _mutation("the intent is in the ledger before a request leaves", _no_intents, *DOUBLED),
    _mutation("what nobody heard of is read back", _no_read_back, *DOUBLED),
    _mutation("what is found is compared with what was sent", _found_is_written, "desired values"),
    _mutation("a merge that nobody heard of is read back", _merge_sent_blindly, "ledger explains"),
    _mutation(
        "what lives on after a merge is known by its id",
        _id_of_the_loser_kept,
        "exactly once",
        "held with a reason",
        "desired values",
    ),
    _mutation("each record has its own outcome", _whole_answer_counts, "no false written"),
    _mutation("not written isn't written", _not_written_counts, "no false written"),
    _mutation("what an answer leaves out is read back", _unknown_is_not_written, *DOUBLED),
    _mutation("a start reads back what a crash left", _no_recovery, *DOUBLED),
    _mutation("a receipt is kept until it is collected", _receipt_dropped, *DOUBLED),
    _mutation("a batch keeps its id when it is sent again", _another_id_each_time, *DOUBLED),
    _mutation("what was refused waits in the queue", _rejects_forgotten, "nothing left"),
    _mutation("the fingerprint is stored after the write", _fingerprint_first, "desired values"),
    _mutation(
        "a link that can't be made yet is waited for",
        _links_not_waited_for,
        "desired values",
        # a field about which somebody is asked is waited for in the same way
        "statuses",
    ),
    _mutation("a lease is heeded", _lease_ignored, "no lease", "one at a time"),
    _mutation("a dead process's lease is taken over", _lease_of_the_dead_kept, "no surprises"),
    _mutation("a lease is given back", _lease_not_given_back, "no lease"),
    _mutation("only what we created is removed", _peoples_records_removed, "not ours"),
    _mutation(
        "a field is written by its owner alone", _peoples_values_overwritten, "people's fields"
    ),
    _mutation("ours is compared with what we sent", _what_was_sent_forgotten, "people's fields"),
    _mutation(
        "theirs is compared with what was shown",
        _what_was_shown_forgotten,
        "desired values",
        "nothing left",
    ),
    _mutation("what people emptied stays empty", _emptied_filled_again, "people's fields"),
    _mutation("where both have changed, a person is asked", _nobody_asked, "answers are bound"),
    _mutation("an answer is bound to theirs", _answer_counts_for_ours_alone, "answers are bound"),
    _mutation("an answer is bound to ours", _answer_counts_for_theirs_alone, "answers are bound"),
    _mutation("an answer is carried out", _answers_left_lying, "answers are followed"),
    _mutation("what people typed is found", _typed_not_looked_for, "not doubled"),
    _mutation("only free records are adopted", _bound_records_taken, *TAKEN_OVER),
    _mutation("a record is adopted for one of ours", _claims_uncounted, *TAKEN_OVER),
    _mutation("what people removed isn't made again", _removed_made_again, "not made again"),
    _mutation("a search is believed after the read lag", _index_believed, *DOUBLED),
    _mutation(
        "what the CRM shows of ours is kept",
        _shown_not_kept,
        *("no echo", "desired values", "nothing left"),
    ),
    _mutation("what we sent is no news", _echo_is_news, "no echo"),
    _mutation(
        "a record with our key is ours",
        _key_not_looked_for,
        "exactly once",
        "people's fields",
        # a CRM that knows the key refuses it a second time
        "held with a reason",
    ),
    _mutation("a read takes a token of the quota", _free_reads, "quota"),
    _mutation("a retry takes a token of the quota", _free_retries, "quota"),
    _mutation("Retry-After is waited for", _retry_after_ignored, "quota"),
    _mutation(
        "an empty list shown to a guest isn't believed", _guests_believed, *DOUBLED, "comes to rest"
    ),
    _mutation("the guard stops an emptied model", _guard_open, "guard"),
)
