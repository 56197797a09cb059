"""Why two records are one customer, why they aren't, and why a value is the golden record's.

All of it stands in the warehouse: dbt builds the links (`marts.fct_record_links`) as one tree
a customer, so that one path leads from each record to each other, and nothing here decides
anything. Values are read only for those who ask for them.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from identity.answers import (
    Apart,
    Candidate,
    Chain,
    Customer,
    Difference,
    Finding,
    Golden,
    Link,
    Pair,
)
from identity.errors import IdentityError, UnknownKeyError
from warehouse.connection import waiting, warehouse_path

Row = Mapping[str, Any]

MOST_PAIRS = 5
"""How many compared pairs say why two customers are two; the most telling come first."""

IDENTIFIED = "intermediate.int_records_identified"
CONTEXT = "rarity and context"
"""What the levels don't say: how rare the values are, and whether the two are reached alike."""

SAID = {
    "person": {
        "name": "written_key",
        "phone": "array_to_string(phones, ', ')",
        "email": "array_to_string(emails, ', ')",
        "unionid": "array_to_string(unionids, ', ')",
        "national_id": "array_to_string(list_concat(national_ids, documents), ', ')",
        "birth_date": "cast(birth_date as varchar)",
        "sex": "sex",
        "address": "concat_ws(' ', city_key, rest_key)",
        "company": "company_key",
    },
    "company": {
        "name": "name_key",
        "tax_id": "tax_id",
        "phone": "array_to_string(phones, ', ')",
        "mail_domain": "array_to_string(mail_domains, ', ')",
        "address": "concat_ws(' ', city_key, rest_key)",
    },
}
"""What profiles say in each respect, in the forms that are compared."""

SIDES = f"""sides as (
    select record_key, case when entity_id = $one then 1 else 2 end as side
    from {IDENTIFIED}
    where entity_type = $entity_type and entity_id in ($one, $other)
)"""
"""The records of two customers."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The customer that a key leads to."""

    entity_type: str
    entity_id: str
    record_key: str | None
    """None if the key was an id of ours."""


class Explanations:
    """What one warehouse knows of who is who."""

    def __init__(self, path: Path | None = None, *, values: bool = False) -> None:
        """Read the warehouse at `path`, that of the settings by default; values if asked."""
        self._path = path or warehouse_path()
        self._values = values

    def of(self, key: str) -> Customer:
        """The customer of a record or an id.

        Raises:
            UnknownKeyError: nothing has that key.
        """
        with self._connected() as connection:
            subject = _subjects(connection, key)[0]
            return Customer(
                entity_type=subject.entity_type,
                entity_id=subject.entity_id,
                records=tuple(_records(connection, subject)),
                links=tuple(self._links(connection, subject)),
                values=tuple(self._golden(connection, subject)),
            )

    def between(self, key: str, other_key: str) -> Chain | Difference:
        """Why two records or ids are one customer, or why they aren't.

        Raises:
            UnknownKeyError: nothing has one of the keys.
            IdentityError: one is a person, the other a company.
        """
        with self._connected() as connection:
            others = _subjects(connection, other_key)
            for one in _subjects(connection, key):
                for other in others:
                    if one.entity_type == other.entity_type:
                        return self._between(connection, one, other)
        raise IdentityError(f"{key} and {other_key}: one is a person, the other a company")

    def _between(
        self, connection: duckdb.DuckDBPyConnection, one: Subject, other: Subject
    ) -> Chain | Difference:
        if one.entity_id != other.entity_id:
            return self._difference(connection, one, other)
        path = _path(
            self._links(connection, one, findings=False),
            _anchor(connection, one),
            _anchor(connection, other),
        )
        told = [self._told(connection, one.entity_type, link) for link in path]
        begin, end = _echoes(connection, one), _echoes(connection, other)
        return Chain(one.entity_type, one.entity_id, (*begin, *told, *end))

    def _difference(
        self, connection: duckdb.DuckDBPyConnection, one: Subject, other: Subject
    ) -> Difference:
        pairs = self._pairs(connection, one, other)
        cut = _cut_links(connection, one, other)
        together = _were_connected(connection, one, other)
        claims = _have_other_claims(connection, one, other)
        if any(pair.judged_by == "people" and pair.verdict == "different" for pair in pairs):
            because = Apart.DECIDED
        elif any(pair.state == "open" for pair in pairs):
            because = Apart.ASKED
        elif cut or together:
            because = Apart.CUT
        elif any(pair.verdict == "review" for pair in pairs):
            because = Apart.DOUBTFUL
        else:
            because = Apart.IMPROBABLE if pairs else Apart.STRANGERS
        return Difference(
            entity_type=one.entity_type,
            entity_id=one.entity_id,
            other_entity_id=other.entity_id,
            because=because,
            cut_links=tuple(cut),
            has_other_claims=claims,
            pairs=tuple(pairs),
        )

    def _links(
        self, connection: duckdb.DuckDBPyConnection, subject: Subject, *, findings: bool = True
    ) -> Iterator[Link]:
        rows = _rows(
            connection,
            "select record_key, other_record_key, linked_by, rule, identifier_type, identifier, "
            "weight, probability, decided_by, reason, decided_at from marts.fct_record_links "
            "where entity_type = ? and entity_id = ? order by record_key, other_record_key",
            [subject.entity_type, subject.entity_id],
        )
        for row in rows:
            link = Link(**{**row, "identifier": row["identifier"] if self._values else None})
            yield self._told(connection, subject.entity_type, link) if findings else link

    def _told(self, connection: duckdb.DuckDBPyConnection, entity_type: str, link: Link) -> Link:
        one, other = sorted((link.record_key, link.other_record_key))
        findings = self._findings(connection, entity_type, one, other, link.weight)
        if one != link.record_key:
            findings = tuple(
                replace(each, value=each.other_value, other_value=each.value) for each in findings
            )
        return replace(link, findings=findings)

    def _findings(
        self,
        connection: duckdb.DuckDBPyConnection,
        entity_type: str,
        record_key: str,
        other_record_key: str,
        weight: Decimal | None,
    ) -> tuple[Finding, ...]:
        """The levels of a compared pair, the weightiest first, and what else makes its weight."""
        if weight is None:
            return ()
        compared = _rows(
            connection,
            f"select columns('_level$') from intermediate.int_{entity_type}_pairs_compared "
            "where record_key = ? and other_record_key = ?",
            [record_key, other_record_key],
        )[0]
        meanings = {
            (row["comparison"], row["level"]): row
            for row in _rows(
                connection,
                f"select comparison, level, meaning, weight from seeds.{entity_type}_match_weights",
            )
        }
        said, other_said = (
            self._said(connection, entity_type, key) for key in (record_key, other_record_key)
        )
        found = []
        for column, level in compared.items():
            comparison = column.removesuffix("_level")
            meaning = meanings[comparison, level]
            if level > 0 or meaning["weight"] != 0:
                found.append(
                    Finding(
                        comparison,
                        meaning["meaning"],
                        meaning["weight"],
                        said.get(comparison),
                        other_said.get(comparison),
                    )
                )
        rest = weight - sum((each.bits for each in found), Decimal(0))
        found.append(Finding("context", CONTEXT, rest))
        return tuple(sorted(found, key=lambda each: -abs(each.bits)))

    def _said(
        self, connection: duckdb.DuckDBPyConnection, entity_type: str, record_key: str
    ) -> Row:
        if not self._values:
            return {}
        columns = ", ".join(f"{sql} as {name}" for name, sql in SAID[entity_type].items())
        return _rows(
            connection,
            f"select {columns} from intermediate.int_{entity_type}_profiles_pooled "
            "where record_key = ?",
            [record_key],
        )[0]

    def _pairs(
        self, connection: duckdb.DuckDBPyConnection, one: Subject, other: Subject
    ) -> list[Pair]:
        rows = _rows(
            connection,
            f"""
            with {SIDES}
            select
                pairs.record_key, pairs.other_record_key, pairs.verdict, pairs.judged_by,
                vetoes.record_key is not null as is_vetoed, pairs.weight, pairs.probability,
                reviews.pair_key, reviews.state,
                decisions.decided_by, decisions.reason, decisions.decided_at
            from intermediate.int_pairs_judged as pairs
            inner join sides on pairs.record_key = sides.record_key
            inner join sides as other_sides
                on pairs.other_record_key = other_sides.record_key
                and sides.side != other_sides.side
            left join intermediate.int_pairs_vetoed as vetoes
                on pairs.record_key = vetoes.record_key
                and pairs.other_record_key = vetoes.other_record_key
            left join marts.fct_match_reviews as reviews
                on reviews.entity_type = $entity_type
                and pairs.record_key = reviews.record_key
                and pairs.other_record_key = reviews.other_record_key
            left join staging.stg_decisions__match_decisions as decisions
                on decisions.entity_type = $entity_type
                and pairs.record_key = decisions.record_key
                and pairs.other_record_key = decisions.other_record_key
            order by
                pairs.judged_by = 'people' desc, reviews.pair_key is not null desc,
                is_vetoed desc, pairs.probability desc nulls last,
                pairs.record_key, pairs.other_record_key
            limit {MOST_PAIRS}
            """,
            _of_sides(one, other),
        )
        return [
            Pair(
                **row,
                findings=self._findings(
                    connection,
                    one.entity_type,
                    row["record_key"],
                    row["other_record_key"],
                    row["weight"],
                ),
            )
            for row in rows
        ]

    def _golden(self, connection: duckdb.DuckDBPyConnection, subject: Subject) -> Iterator[Golden]:
        rows = _rows(
            connection,
            "select * from intermediate.int_values_ranked "
            "where entity_type = ? and entity_id = ? order by attribute, place",
            [subject.entity_type, subject.entity_id],
        )
        for winner in (row for row in rows if row["place"] == 1):
            candidates = [row for row in rows if row["attribute"] == winner["attribute"]]
            yield Golden(
                attribute=winner["attribute"],
                rule=winner["rule"],
                record_key=winner["record_key"],
                source_system=winner["source_system"],
                bearer_count=winner["bearer_count"],
                value_count=winner["value_count"],
                value=winner["value"] if self._values else None,
                losers=tuple(
                    Candidate(
                        row["record_key"],
                        row["source_system"],
                        row["value"] if self._values else None,
                        row["lost_because"],
                    )
                    for row in candidates
                    if row["place"] > 1
                ),
            )

    @contextmanager
    def _connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if not self._path.exists():
            raise IdentityError(f"there is no warehouse at {self._path}: run `dbt build` first")
        connection = waiting(lambda: duckdb.connect(self._path, read_only=True), path=self._path)
        try:
            yield connection
        except duckdb.CatalogException as error:
            raise IdentityError("nobody knows who is who yet: run `dbt build` first") from error
        finally:
            connection.close()


def _subjects(connection: duckdb.DuckDBPyConnection, key: str) -> list[Subject]:
    rows = _rows(
        connection,
        """
        select 'person' as entity_type, person_id as entity_id, record_key
        from marts.bridge_person_records where record_key = $key
        union all
        select 'company', company_id, record_key
        from marts.bridge_company_records where record_key = $key
        union all
        select distinct 'person', person_id, null
        from marts.bridge_person_records where person_id = $key
        union all
        select distinct 'company', company_id, null
        from marts.bridge_company_records where company_id = $key
        union all
        select entity_type, new_key, null from intermediate.int_ids_redirected
        where old_key = $key and kind = 'merged'
        """,
        {"key": key},
    )
    if not rows:
        raise UnknownKeyError(
            f"no record and no customer has the key {key}; a record's is <system>:<id>"
        )
    return [Subject(**row) for row in rows]


def _records(connection: duckdb.DuckDBPyConnection, subject: Subject) -> list[str]:
    bridge = "person" if subject.entity_type == "person" else "company"
    rows = _rows(
        connection,
        f"select record_key from marts.bridge_{bridge}_records where {bridge}_id = ? order by all",
        [subject.entity_id],
    )
    return [row["record_key"] for row in rows]


def _echoes(connection: duckdb.DuckDBPyConnection, subject: Subject) -> list[Link]:
    """What ties a CRM record in which nobody typed to its customer."""
    if subject.record_key is None or _is_evidence(connection, subject):
        return []
    return [
        Link(
            subject.record_key,
            subject.entity_id,
            "sync",
            "we wrote it, and it carries our id",
        )
    ]


def _is_evidence(connection: duckdb.DuckDBPyConnection, subject: Subject) -> bool:
    return bool(
        _rows(
            connection,
            f"select 1 from {IDENTIFIED} where entity_type = ? and record_key = ?",
            [subject.entity_type, subject.record_key],
        )
    )


def _anchor(connection: duckdb.DuckDBPyConnection, subject: Subject) -> str:
    """The record that a key stands for: itself, or for an id the one that it was minted from."""
    if subject.record_key is not None and _is_evidence(connection, subject):
        return subject.record_key
    rows = _rows(
        connection,
        f"select record_key from {IDENTIFIED} as identified "
        "left join intermediate.int_ids_registered as registered "
        "using (entity_type, record_key, entity_id) "
        "where entity_type = ? and entity_id = ? "
        "order by registered.is_founder desc nulls last, record_key limit 1",
        [subject.entity_type, subject.entity_id],
    )
    return str(rows[0]["record_key"])


def _path(links: Iterator[Link], begin: str, end: str) -> list[Link]:
    """The links from one record to another, each turned the way that is walked."""
    steps: dict[str, list[Link]] = {}
    for link in links:
        turned = replace(link, record_key=link.other_record_key, other_record_key=link.record_key)
        steps.setdefault(link.record_key, []).append(link)
        steps.setdefault(link.other_record_key, []).append(turned)
    came_by: dict[str, Link | None] = {begin: None}
    queue = deque([begin])
    while queue and end not in came_by:
        for link in steps.get(queue.popleft(), []):
            if link.other_record_key not in came_by:
                came_by[link.other_record_key] = link
                queue.append(link.other_record_key)
    path: list[Link] = []
    while (link_back := came_by[end]) is not None:
        path.insert(0, link_back)
        end = link_back.record_key
    return path


def _cut_links(connection: duckdb.DuckDBPyConnection, one: Subject, other: Subject) -> list[Link]:
    rows = _rows(
        connection,
        f"""
        with {SIDES}
        select links.record_key, links.other_record_key, 'cut' as linked_by, links.rule
        from intermediate.int_records_linked as links
        inner join sides on links.record_key = sides.record_key
        inner join sides as other_sides
            on links.other_record_key = other_sides.record_key and sides.side != other_sides.side
        order by links.strength desc, links.record_key, links.other_record_key
        limit {MOST_PAIRS}
        """,
        _of_sides(one, other),
    )
    return [Link(**row) for row in rows]


def _were_connected(connection: duckdb.DuckDBPyConnection, one: Subject, other: Subject) -> bool:
    """Whether links lead from one to the other, through whomever, some of which were cut."""
    rows = _rows(
        connection,
        f"""
        with {SIDES}
        select clusters.whole_id
        from intermediate.int_records_clustered as clusters
        inner join sides on clusters.record_key = sides.record_key
        group by clusters.whole_id
        having count(distinct sides.side) = 2
        """,
        _of_sides(one, other),
    )
    return bool(rows)


def _have_other_claims(connection: duckdb.DuckDBPyConnection, one: Subject, other: Subject) -> bool:
    rows = _rows(
        connection,
        f"""
        with {SIDES}
        select distinct sides.side, claims.claim
        from intermediate.int_records_claimed as claims
        inner join sides on claims.record_key = sides.record_key
        """,
        _of_sides(one, other),
    )
    ours, theirs = ({row["claim"] for row in rows if row["side"] == side} for side in (1, 2))
    return bool(ours and theirs and not ours & theirs)


def _of_sides(one: Subject, other: Subject) -> dict[str, str]:
    return {"entity_type": one.entity_type, "one": one.entity_id, "other": other.entity_id}


def _rows(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    parameters: Sequence[str | None] | Mapping[str, str] = (),
) -> list[dict[str, Any]]:
    found = connection.execute(query, parameters)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
