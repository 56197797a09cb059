"""The review queue as dbt built it, and the decisions on it.

Decisions are rows of `raw_decisions.match_decisions`: they are only ever added, the last one
on two records counts, and no build touches them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from identity.contradictions import contradictions
from identity.decisions import Decision, Verdict
from identity.errors import ContradictionError, IdentityError, UnknownKeyError, UnknownPairError
from warehouse.connection import waiting, warehouse_path

DECISIONS = "raw_decisions.match_decisions"


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
            ContradictionError: other decisions say the opposite.
        """
        with self._connected() as connection:
            found = [review for review in _questions(connection) if review.pair_key.startswith(key)]
            if len(found) != 1:
                raise UnknownPairError(
                    f"{len(found)} questions have the key {key}: `identity review list` shows "
                    "them, and `identity decide` decides on any two records"
                )
            _store(connection, [decision(found[0], verdict, by, reason, now)])
        return found[0]

    def decide_on(
        self, keys: tuple[str, str], verdict: Verdict, by: str, reason: str, now: datetime
    ) -> Decision:
        """Decide on any two records, asked about or not, anew or for the first time.

        Raises:
            UnknownKeyError: there aren't two such records, or they aren't of one type.
            ContradictionError: other decisions say the opposite.
        """
        record_key, other_record_key = sorted(keys)
        with self._connected() as connection:
            types = connection.execute(
                "select entity_type from intermediate.int_records_identified "
                "where record_key in (?, ?) group by entity_type having count(*) = 2",
                [record_key, other_record_key],
            ).fetchall()
            if not types:
                raise UnknownKeyError(
                    f"{record_key} and {other_record_key} aren't two records of people, nor of "
                    "companies; a record's key is <system>:<id>"
                )
            ((entity_type,), *_) = types
            probability = _known_probability(connection, entity_type, record_key, other_record_key)
            review = Review("", entity_type, record_key, other_record_key, probability, "", "")
            decided = decision(review, verdict, by, reason, now)
            _store(connection, [decided])
        return decided

    def decide_all(self, answers: Sequence[Decision]) -> int:
        """Store answers; those that say what was said last are left out.

        Returns how many were new.

        Raises:
            ContradictionError: they can't all hold, with each other or with other decisions;
                none was stored.
        """
        with self._connected() as connection:
            said = {_subject(each): each.verdict for each in _decisions(connection)}
            news = [answer for answer in answers if said.get(_subject(answer)) != answer.verdict]
            _store(connection, news)
        return len(news)

    def decisions(self) -> list[Decision]:
        """Every decision that counts, the newest first."""
        with self._connected() as connection:
            last = {_subject(each): each for each in _decisions(connection)}
        return sorted(last.values(), key=lambda each: each.decided_at, reverse=True)

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


def _known_probability(
    connection: duckdb.DuckDBPyConnection, entity_type: str, record_key: str, other_record_key: str
) -> Decimal | None:
    """What is known now, against which later evidence is held."""
    rows = connection.execute(
        """
        select cast(1 as decimal(5, 4)) as probability
        from intermediate.int_records_grouped
        where record_key in ($one, $other)
        group by group_key
        having count(*) = 2
        union all
        select probability from intermediate.int_pairs_judged
        where entity_type = $entity_type and record_key = $one and other_record_key = $other
        """,
        {"entity_type": entity_type, "one": record_key, "other": other_record_key},
    ).fetchall()
    return rows[0][0] if rows else None


def decision(review: Review, verdict: Verdict, by: str, reason: str, now: datetime) -> Decision:
    """An answer to a question."""
    probability = review.probability
    if probability is None and review.state == "cut":
        # a rule had linked them: that is no news after the answer
        probability = Decimal(1)
    return Decision(
        entity_type=review.entity_type,
        record_key=review.record_key,
        other_record_key=review.other_record_key,
        verdict=verdict.value,
        decided_by=by,
        reason=reason,
        decided_at=now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
        probability=None if probability is None else str(probability),
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


def _decisions(connection: duckdb.DuckDBPyConnection) -> list[Decision]:
    """Every decision that was ever taken, the oldest first."""
    names = ", ".join(each.name for each in fields(Decision))
    rows = connection.execute(
        f"select {names} from {DECISIONS} order by decided_at, verdict desc"
    ).fetchall()
    return [Decision(*row) for row in rows]


def _subject(decided: Decision) -> tuple[str, str, str]:
    return (decided.entity_type, decided.record_key, decided.other_record_key)


def _store(connection: duckdb.DuckDBPyConnection, answers: Sequence[Decision]) -> None:
    new = {_subject(answer) for answer in answers}
    for different, *same in contradictions([*_decisions(connection), *answers]):
        # what contradicted itself before is no reason to refuse this
        if new & {_subject(each) for each in (different, *same)}:
            chain = ", ".join(f"{each.record_key} = {each.other_record_key}" for each in same)
            raise ContradictionError(
                f"{different.record_key} and {different.other_record_key} can't be different "
                f"while people say {chain}; nothing was stored: decide anew on one of these"
            )
    names = ", ".join(each.name for each in fields(Decision))
    marks = ", ".join("?" for _ in fields(Decision))
    for answer in answers:
        connection.execute(
            f"insert into {DECISIONS} ({names}) values ({marks})", list(astuple(answer))
        )
