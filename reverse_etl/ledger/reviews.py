"""The review list: fields in conflict, what people answer, and when a question is settled.

A question is known by an id that is made of its record, its field and the two values: when
either value moves it is another question, and an answer to the former one no longer fits.
"""

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any, Literal, get_args

from sqlalchemy import Update, and_, bindparam, select, update
from sqlalchemy.dialects.sqlite import insert

from reverse_etl.errors import SyncConfigurationError
from reverse_etl.ledger.schema import records, review_values, reviews, runs
from reverse_etl.ledger.statements import Statement
from reverse_etl.ledger.store import Ledger, Run

Choice = Literal["ours", "theirs", "value"]
CHOICES: tuple[Choice, ...] = get_args(Choice)
WAITING = ("open", "answered")
"""States of a question that isn't settled."""
ID_LENGTH = 16

_FIELDS = Statement(
    select(reviews.c.field)
    .where(reviews.c.sync == bindparam("the_sync"), reviews.c.state != "settled")
    .distinct()
)
_OPENED = insert(reviews)
_ASK = _OPENED.on_conflict_do_update(
    index_elements=["sync", "key", "field"],
    set_={
        column.name: _OPENED.excluded[column.name]
        for column in reviews.columns
        if not column.primary_key
    },
    where=(reviews.c.review_id != _OPENED.excluded.review_id) | (reviews.c.state == "settled"),
)
"""All that was said of the former question goes with it."""
_HELD = insert(review_values)
_HOLD = _HELD.on_conflict_do_update(
    index_elements=["sync", "key", "field"],
    set_={name: _HELD.excluded[name] for name in ("ours", "theirs")},
)


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """A field in which the two sides differ, and a person is to say which holds."""

    key: str
    field: str
    ours: str | None = dataclasses.field(repr=False)
    """As text; a link is our key of the other record."""
    theirs: str | None = dataclasses.field(repr=False)
    """As the CRM has it; a link is its own id of the other record."""
    ours_hash: str
    theirs_hash: str


@dataclasses.dataclass(frozen=True, slots=True)
class Review:
    """One question, as people read it; the values are personal data."""

    review_id: str
    sync: str
    key: str
    field: str
    since: str
    state: str
    ours: str | None = dataclasses.field(repr=False)
    theirs: str | None = dataclasses.field(repr=False)
    answer: str | None = None
    answered_by: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a person says to one question."""

    review_id: str
    choice: Choice
    value: str | None = dataclasses.field(default=None, repr=False)
    """The value, where the choice is `value`."""
    reason: str | None = None


def hash_of(sync: str, key: str, field_name: str, value: str | None) -> str:
    """The hash of a field's value; two records with the same value have different ones."""
    return hashlib.sha256(f"{sync}\n{key}\n{field_name}\n{value or ''}".encode()).hexdigest()


def ask(ledger: Ledger, run: Run, questions: Sequence[Asked]) -> None:
    """Write down what people are asked; a question that waits already stays as it is."""
    now = ledger.world.now()
    with ledger.writing() as connection:
        connection.execute(_ASK, [_as_row(run, each, now) for each in questions])
        connection.execute(_HOLD, [_as_values(run, each) for each in questions])


def look_again(ledger: Ledger, sync: str) -> None:
    """Have the records looked at of which an answer waits.

    One that was given while a run was under way came too late for that run, which has
    looked at the record.
    """
    c, r = reviews.c, records.c
    answered = select(c.key).where(c.sync == sync, c.state == "answered")
    with ledger.writing() as connection:
        connection.execute(
            update(records)
            .where(r.sync == sync, r.state == "live", r.key.in_(answered))
            .values(fingerprint=None)
        )


def settle(ledger: Ledger, run: Run, questions: Sequence[tuple[str, str]]) -> None:
    """Close questions, by their keys and fields: the sides agree, or an answer holds.

    What was answered since the run began stays: the run may have read another answer.
    """
    now = ledger.world.now()
    closing = _closing(run.sync, now, run.run_id)
    c = reviews.c
    began = select(runs.c.started_at).where(runs.c.run_id == run.run_id).scalar_subquery()
    one = closing.where(
        c.key == bindparam("the_key"),
        c.field == bindparam("the_field"),
        c.answered_at.is_(None) | (c.answered_at <= began),
    )
    with ledger.writing() as connection:
        connection.execute(one, [{"the_key": key, "the_field": name} for key, name in questions])


def settle_others(ledger: Ledger, run: Run, fields: Sequence[str]) -> None:
    """Close the questions about fields of which nobody is asked any more: all but these."""
    with ledger.reading() as connection:
        asked = {row.field for row in _FIELDS.execute(connection, the_sync=run.sync)}
    if asked - set(fields):
        closing = _closing(run.sync, ledger.world.now(), run.run_id)
        with ledger.writing() as connection:
            connection.execute(closing.where(reviews.c.field.not_in(fields)))


def waiting(ledger: Ledger, sync: str | None = None, *, state: str = "open") -> list[Review]:
    """The questions in a state, the oldest first."""
    c, v = reviews.c, review_values.c
    query = (
        select(
            c.review_id, c.sync, c.key, c.field, c.since, c.state, v.ours, v.theirs,
            c.answer, c.answered_by,
        )
        .outerjoin_from(
            reviews, review_values,
            and_(v.sync == c.sync, v.key == c.key, v.field == c.field),
        )
        .where(c.state == state)
        .order_by(c.since, c.sync, c.key, c.field)
    )  # fmt: skip
    if sync is not None:
        query = query.where(c.sync == sync)
    with ledger.reading() as connection:
        return [Review(**row) for row in connection.execute(query).mappings()]


def unsettled(ledger: Ledger, sync: str | None = None) -> list[Review]:
    """The questions that wait, for an answer or for the run that carries it out."""
    return [each for state in WAITING for each in waiting(ledger, sync, state=state)]


def find(ledger: Ledger, review_id: str) -> Review:
    """The question that waits under an id, or under as much of it as no other begins with.

    Raises:
        SyncConfigurationError: none does, or several do.
    """
    found = [each for each in unsettled(ledger) if each.review_id.startswith(review_id)]
    if len(found) != 1:
        raise SyncConfigurationError(
            f"{len(found)} questions that wait have the id {review_id}; "
            "`reverse-etl reviews` shows them"
        )
    return found[0]


def answer(ledger: Ledger, answers: Sequence[Answer], by: str) -> int:
    """Keep answers for the next apply; a later answer replaces an earlier one.

    An answer to a question that doesn't wait any more, because a value has moved since or the
    sides agree, is left out. Returns how many were kept.
    """
    c, now = reviews.c, ledger.world.now()
    kept = 0
    with ledger.writing() as connection:
        for each in answers:
            row = connection.execute(
                select(c.sync, c.key, c.field).where(
                    c.review_id == each.review_id, c.state != "settled"
                )
            ).one_or_none()
            if row is None:
                continue
            kept += 1
            given = hash_of(row.sync, row.key, row.field, each.value)
            connection.execute(
                update(reviews)
                .where(c.review_id == each.review_id)
                .values(
                    state="answered",
                    answer=each.choice,
                    answer_hash=given if each.choice == "value" else None,
                    answered_by=by,
                    answered_at=now,
                    reason=each.reason,
                )
            )
            v = review_values.c
            connection.execute(
                update(review_values)
                .where(v.sync == row.sync, v.key == row.key, v.field == row.field)
                .values(answer_value=each.value or None)
            )
    return kept


def _closing(sync: str, now: str, run_id: str) -> Update:
    c = reviews.c
    closing = update(reviews).where(c.sync == sync, c.state != "settled")
    return closing.values(state="settled", settled_at=now, run_id=run_id)


def _as_row(run: Run, each: Asked, now: str) -> dict[str, Any]:
    seen = f"{run.sync}\n{each.key}\n{each.field}\n{each.ours_hash}\n{each.theirs_hash}"
    return {
        "sync": run.sync,
        "key": each.key,
        "field": each.field,
        "review_id": hashlib.sha256(seen.encode()).hexdigest()[:ID_LENGTH],
        "state": "open",
        "since": now,
        "ours_hash": each.ours_hash,
        "theirs_hash": each.theirs_hash,
        "run_id": run.run_id,
        **dict.fromkeys(("answer", "answer_hash", "answered_by", "answered_at", "reason")),
        "settled_at": None,
    }


def _as_values(run: Run, each: Asked) -> dict[str, Any]:
    return {
        "sync": run.sync, "key": each.key, "field": each.field,
        "ours": each.ours, "theirs": each.theirs,
    }  # fmt: skip
