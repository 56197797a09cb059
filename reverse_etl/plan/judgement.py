"""What is to be done with a candidate before its fields are looked at, in SQL: the cases."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reverse_etl.plan.fields import field_text, literal
from reverse_etl.plan.finding import CARRIES
from reverse_etl.plan.tables import candidates, ours
from reverse_etl.syncs import Column, Sync


def is_flagged(flag: Iterable[tuple[str, str]]) -> str:
    """SQL that is true for a candidate that bears a mark: fields and values."""
    marks = [
        f"{field_text('sent', name)} is not distinct from {literal(value)}" for name, value in flag
    ]
    return f"({' and '.join(marks)})" if marks else "false"


@dataclass(frozen=True, slots=True)
class _Case:
    """When a candidate is what; SQL, apart from the names."""

    when: str
    operation: str
    reason: str = "null"
    cause: str | None = None
    """What kind of obstacle holds the record."""


def _cases(sync: Sync) -> Iterator[_Case]:
    """The cases of a candidate; the first that is true counts."""
    words = "'the CRM rejected it, ' || rejected || ', and it has not changed since'"
    yield _Case("rejected is not null", "held", words, "rejected")
    there = "'it is there, and the mode is create_only'"
    if sync.mode == "create_only":
        yield _Case("is_desired and is_known", "keep", there)
    words = "'it is gone from the CRM'"
    lost = "is_desired and is_known and found_id is null"
    yield _Case(f"{lost} and not is_anew", "held", words, "gone")
    words = "records || ' records of the CRM carry its key: ' || record_ids"
    carried = f"is_desired and records > 1 and how = {literal(CARRIES)}"
    yield _Case(carried, "held", words, "doubled")
    words = "records || ' records of the CRM could be it: ' || record_ids"
    yield _Case("is_desired and records > 1", "held", words, "ambiguous")
    words = "'several of our records could be the same record of the CRM'"
    yield _Case("is_desired and claims > 1 and holder is null", "held", words, "ambiguous")
    words = (
        "'the CRM''s record ' || found_id || ' is that of ' || holder || ': say that ' || holder "
        "|| ' and ' || key || ' are the same, or part them in the CRM'"
    )
    yield _Case("is_desired and claims > 1 and holder <> key", "held", words, "merged")
    if sync.mode == "create_only":
        yield _Case("is_desired and found_id is not null", "keep", there)
    if sync.mode == "update_only":
        words = "'it is not there, and the mode is update_only'"
        yield _Case("is_desired and found_id is null", "keep", words)
    words = "'it waits for what it must be linked to: ' || waits"
    yield _Case("is_desired and must_wait", "held", words, "link")
    without = "case when waits <> '' then 'without ' || waits || ', not there yet' end"
    followed = f"coalesce({without}, if(how <> 'known', how, null))"
    yield _Case("is_desired and is_known and found_id is not null", "update", followed)
    yield _Case("is_desired and found_id is not null", "adopt", "how")
    split = "case when split_from is not null then 'split from ' || split_from end"
    yield _Case("is_desired", "create", f"coalesce({without}, {split})")
    if sync.redirects:
        yield from _cases_of_merged(sync)
    yield _Case("claims > 0", "keep", "'no longer wanted, and its record has another of our keys'")
    yield _Case("origin = 'adopted'", "keep", "'no longer wanted, but people made it'")
    if sync.on_missing == "keep":
        yield _Case("true", "keep", "'no longer wanted; on_missing is keep'")
    if sync.on_missing == "flag":
        yield _Case(is_flagged(sync.flag), "keep", "'no longer wanted, and flagged so'")
    yield _Case("found_id is null", "forget", "'no longer wanted, and gone from the CRM'")
    yield _Case("true", sync.on_missing, "'no longer wanted'")


def _cases_of_merged(sync: Sync) -> Iterator[_Case]:
    """The cases of a candidate whose key was merged into another, the winner."""
    merged = "winner is not null"
    into = "'merged into ' || winner"
    is_winners = f"{merged} and (claims > 0 or winner_id = remote_id)"
    yield _Case(is_winners, "redirect", f"{into} || ', whose record it is'")
    yield _Case(f"{merged} and found_id is null", "forget", f"{into} || ', and gone from the CRM'")
    if sync.on_merged == "keep":
        yield _Case(merged, "redirect", into)
        return
    words = f"{into} || ', whose record is gone from the CRM'"
    is_lost = "winner_id is not null and not is_winner_there"
    yield _Case(f"{merged} and {is_lost}", "held", words, "gone")
    if sync.on_merged == "merge":
        yield _Case(merged, "merge", into)
        return
    words = f"{into} || ', which has no record yet'"
    yield _Case(f"{merged} and winner_id is null", "keep", words)
    if sync.on_merged == "flag":
        is_done = is_flagged(sync.merged_flag)
        yield _Case(f"{merged} and {is_done}", "redirect", f"{into} || ', and flagged so'")
    else:
        words = f"{into} || ', but people made it'"
        yield _Case(f"{merged} and origin = 'adopted'", "redirect", words)
        words = f"{into} || '; kept while others point at it'"
        yield _Case(f"{merged} and {_is_pointed_at(sync)}", "keep", words)
    yield _Case(merged, sync.on_merged, into)


def _is_pointed_at(sync: Sync) -> str:
    """Whether a record of ours still points at the candidate's, as far as we have seen."""
    pointing = []
    for name, field in sync.linked_from:
        # where an undo put a link back, what was sent is still the later one
        link = f"coalesce({field_text('observed', field)}, {field_text('sent', field)})"
        pointing.append(f"""remote_id in (
            select {link} from ledger.records
            where sync = {literal(name)} and state = 'live' and {link} is not null
        )""")
    return f"({' or '.join(pointing)})" if pointing else "false"


def judged(sync: Sync) -> str:
    """What is to be done with a candidate, before its fields are looked at."""
    cases = list(_cases(sync))

    def first(thens: Iterable[str]) -> str:
        whens = (f"when {case.when} then {then}" for case, then in zip(cases, thens, strict=True))
        return f"case {' '.join(whens)} end"

    missing = ", ".join(_missing_links(sync))
    required = " or ".join(_missing_links(sync, only_required=True))
    return f"""
        create or replace table all_judged as
        with links_missing as (
            select
                candidates.key,
                concat_ws(', ', {missing or "null"}) as waits,
                {required or "false"} as must_wait
            from {candidates(sync)} as candidates
        ),
        looked_at as (
            select
                candidates.*, found_id, how, records, record_ids, claims, holder,
                coalesce(waits, '') as waits, must_wait,
                winner_id in (
                    select remote_id from theirs where theirs.sync = {literal(sync.name)}
                ) as is_winner_there
            from {candidates(sync)} as candidates
            left join found on found.key = candidates.key
            left join links_missing on links_missing.key = candidates.key
        )
        select
            key, found_id, how, waits,
            {first(literal(case.operation) for case in cases)} as operation,
            {first(case.reason for case in cases)} as reason,
            {first(literal(case.cause) if case.cause else "null" for case in cases)} as cause
        from looked_at
        order by key
    """


def _missing_links(sync: Sync, *, only_required: bool = False) -> Iterator[str]:
    for column in sync.links:
        if only_required and not column.required_link:
            continue
        wanted = f"candidates.{ours(sync, column.field)}"
        missing = f"{wanted} is not null and {linked_id(sync, column)} is null"
        yield (
            f"({missing})"
            if only_required
            else f"case when {missing} then {literal(column.field)} end"
        )


def linked_id(sync: Sync, column: Column) -> str:
    """The CRM's id of the record that a candidate points at; null while it has none."""
    return (
        f"(select any_value(links.remote_id) from links where links.sync = {literal(sync.name)} "
        f"and links.field = {literal(column.field)} and links.key = candidates.key)"
    )
