"""The review queue as dbt built it, and the decisions on it.

Decisions are rows of `raw_decisions.match_decisions`: they are only ever added, the last one
on two records counts, and no build touches them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import duckdb

from identity.errors import IdentityError, UnknownPairError
from warehouse.connection import waiting, warehouse_path

DECISIONS = "raw_decisions.match_decisions"


class Verdict(StrEnum):
    """What people say of two records."""

    SAME = "same"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Review:
    """One question: are these two records one?"""

    pair_key: str
    entity_type: str
    record_key: str
    other_record_key: str
    probability: Decimal | None
    evidence: str
    state: str


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer, as it is stored: text in every column."""

    entity_type: str
    record_key: str
    other_record_key: str
    verdict: str
    decided_by: str
    reason: str
    decided_at: str
    """In UTC, to the microsecond."""
    probability: str | None
    """What the weights said when it was decided."""


class Reviews:
    """The queue of one warehouse."""

    def __init__(self, path: Path | None = None) -> None:
        """Read and decide in the warehouse at `path`; that of the settings by default."""
        self._path = path or warehouse_path()

    def open(self) -> list[Review]:
        """The questions, the most probable first.

        Raises:
            IdentityError: nothing was built there yet.
        """
        with self._connected() as connection:
            return _questions(connection)

    def decide(self, key: str, verdict: Verdict, by: str, reason: str, now: datetime) -> Review:
        """Answer one question; `key` is its pair key, or as much of it as no other begins with.

        Raises:
            UnknownPairError: no question has that key, or several have.
        """
        with self._connected() as connection:
            found = [review for review in _questions(connection) if review.pair_key.startswith(key)]
            if len(found) != 1:
                raise UnknownPairError(
                    f"{len(found)} questions have the key {key}: `identity review list` shows them"
                )
            _store(connection, [decision(found[0], verdict, by, reason, now)])
        return found[0]

    def decide_all(self, answers: Sequence[Decision]) -> int:
        """Store answers; those that say what was said last are left out.

        Returns how many were new.
        """
        with self._connected() as connection:
            known = set(
                connection.execute(
                    f"select entity_type, record_key, other_record_key, verdict from {DECISIONS} "
                    "qualify row_number() over (partition by entity_type, record_key, "
                    "other_record_key order by decided_at desc) = 1"
                ).fetchall()
            )
            news = [
                answer
                for answer in answers
                if (answer.entity_type, answer.record_key, answer.other_record_key, answer.verdict)
                not in known
            ]
            _store(connection, news)
        return len(news)

    @contextmanager
    def _connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if not self._path.exists():
            raise IdentityError(f"there is no warehouse at {self._path}: run `dbt build` first")
        connection = waiting(lambda: duckdb.connect(self._path), path=self._path)
        try:
            columns = ", ".join(f"{each.name} varchar" for each in fields(Decision))
            connection.execute("create schema if not exists raw_decisions")
            connection.execute(
                f"create table if not exists {DECISIONS} "
                f"({columns}, _dlt_load_id varchar, _dlt_id varchar)"
            )
            yield connection
        finally:
            connection.close()


def decision(review: Review, verdict: Verdict, by: str, reason: str, now: datetime) -> Decision:
    """An answer to a question."""
    return Decision(
        entity_type=review.entity_type,
        record_key=review.record_key,
        other_record_key=review.other_record_key,
        verdict=verdict.value,
        decided_by=by,
        reason=reason,
        decided_at=now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
        probability=None if review.probability is None else str(review.probability),
    )


def _questions(connection: duckdb.DuckDBPyConnection) -> list[Review]:
    names = ", ".join(each.name for each in fields(Review))
    try:
        rows = connection.execute(
            f"select {names} from marts.fct_match_reviews "
            "order by probability desc nulls last, pair_key"
        ).fetchall()
    except duckdb.CatalogException as error:
        raise IdentityError("there is no review queue yet: run `dbt build` first") from error
    return [Review(*row) for row in rows]


def _store(connection: duckdb.DuckDBPyConnection, answers: Sequence[Decision]) -> None:
    names = ", ".join(each.name for each in fields(Decision))
    marks = ", ".join("?" for _ in fields(Decision))
    for answer in answers:
        connection.execute(
            f"insert into {DECISIONS} ({names}) values ({marks})", list(astuple(answer))
        )
