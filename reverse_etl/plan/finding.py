"""Which of the CRM's records is a candidate's, in SQL: by the id map, our key, or a match.

`ways` has each candidate's records by all ways, `best` those by the surest that found any, `bound`
the other keys that are known to have one of them, `found` the record that is the candidate's.
"""

from collections.abc import Iterator
from typing import NamedTuple

from reverse_etl.plan.fields import field_text, literal
from reverse_etl.plan.tables import candidates, ours
from reverse_etl.syncs import Sync

CARRIES = "it carries our key"
MERGED = "people merged it into this one"
DOUBTFUL = "not is_desired or rank > 0 or their_key is distinct from key"
"""SQL, of `best`: it isn't the record that we know as the candidate's, has another key, or may be
removed, though it is another's by now."""


class _Way(NamedTuple):
    """One way by which the record of a candidate is found."""

    how: str
    on: str
    """SQL that joins the candidate and the CRM's record."""
    where: str
    source: str = "theirs"
    is_free: bool = False
    """Only a record that has no key of ours, and that we don't know under one either."""


def ways(sync: Sync) -> str:
    """Which of the CRM's records may be the candidate's, by each way that finds any."""
    key_of_theirs = field_text("theirs.fields", sync.key_field)
    found = " union all ".join(
        f"""
        select
            candidates.key, candidates.is_desired, candidates.is_known, theirs.remote_id,
            {key_of_theirs} as their_key, {rank} as rank, {literal(way.how)} as how,
            {str(way.is_free).lower()} as is_free
        from {candidates(sync)} as candidates
        inner join {way.source} as theirs on theirs.sync = {literal(sync.name)} and {way.on}
        where {way.where} {f"and {key_of_theirs} is null" if way.is_free else ""}
        """
        for rank, way in enumerate(_ways(sync, key_of_theirs))
    )
    return f"create or replace table ways as {found}"


def best(sync: Sync, *, is_any_free: bool) -> str:
    """Which of the CRM's records may be the candidate's, and how we know; the surest way counts.

    Nearly always no way is free. Then the ledger isn't so much as named: each statement that
    names a table of it has SQLite count its rows.
    """
    is_taken = f"""remote_id in (
        select remote_id from ledger.records
        where destination = {literal(sync.destination)}
            and object = {literal(sync.object)} and state = 'live'
    )"""
    return f"""
        create or replace table best as
        select distinct * exclude (is_free) from ways
        {f"where not (is_free and {is_taken})" if is_any_free else ""}
        qualify rank() over (partition by key order by rank) = 1
    """


def _ways(sync: Sync, key_of_theirs: str) -> Iterator[_Way]:
    """The ways, the surest first."""
    # new to us, or looked for in vain by its id
    seeking = f"candidates.is_desired and ({looked_for(sync, 'candidates.')})"
    new = "candidates.is_desired and not candidates.is_known"
    # ours by the id map
    yield _Way("known", "theirs.remote_id = candidates.remote_id", "candidates.is_known")
    yield _Way(
        MERGED,
        "theirs.loser_id = candidates.remote_id",
        "candidates.is_known and candidates.is_desired",
        source="(select *, unnest(formerly) as loser_id from theirs)",
    )
    # of an earlier ledger, of a write that nobody heard of, or put back by people
    yield _Way(CARRIES, f"{key_of_theirs} = candidates.key", seeking)
    yield _Way(
        "it was removed, and people put it back",
        "theirs.remote_id = candidates.former_id",
        new,
        is_free=True,
    )
    if sync.record_id:
        same = "theirs.remote_id = candidates.record_id"
        yield _Way("identity found it to be the same", same, seeking, is_free=True)
        # the record of a customer who was merged into this one, who had none
        were_theirs = f"{new} and list_contains(candidates.formerly, {key_of_theirs})"
        yield _Way("it was that of another, merged into this one", same, were_theirs)
    if sync.redirects:
        heired = "theirs.remote_id = candidates.heirloom"
        yield _Way("it was that of another, merged into this one", heired, new)
    for group in sync.match:
        equal = " and ".join(
            f"{field_text('theirs.fields', field)} = candidates.{ours(sync, field)}"
            for field in group
        )
        yield _Way(f"it has the same {' and '.join(group)}", equal, seeking, is_free=True)


def looked_for(sync: Sync, prefix: str = "") -> str:
    """SQL that is true for a wanted candidate that is looked for by more than the CRM's id.

    One that we know counts only if that found nothing.
    """
    if sync.mode == "create_only":
        return f"not {prefix}is_known"
    return f"not {prefix}is_known or {prefix}rejected is null"


def bound(sync: Sync, *, is_any_doubtful: bool) -> str:
    """Who else is known to have a record that a candidate may get: keys that haven't moved.

    Only of records about which there is doubt: nearly always there are none, and then the ledger
    isn't named here either.
    """
    if not is_any_doubtful:
        return "create or replace table bound (key varchar, remote_id varchar)"
    return f"""
        create or replace table bound as
        select key, remote_id from ledger.records
        where sync = {literal(sync.name)} and state = 'live'
            and remote_id in (select remote_id from best where {DOUBTFUL})
            and key not in (select key from best)
            and key not in (select key from {candidates(sync)} where not is_desired)
            and key not in (
                select unnest(formerly) from {candidates(sync)} where formerly is not null
            )
    """


def found(sync: Sync) -> str:
    """Which of the CRM's records is the candidate's, and who else claims it.

    Of several keys with one record, that one holds it which stands in the record, if we knew it
    before; else the one whose record it is by the id map.
    """
    del sync  # all it needs lies in `best` and `bound`
    return """
        create or replace table found as
        with claimants as (
            select remote_id, key, is_known, rank = 0 as is_bound from best where is_desired
            union all
            select remote_id, key, true, true from bound
        ),
        keys_there as (
            select remote_id, any_value(their_key) as their_key from best group by remote_id
        ),
        claimed as (
            select
                remote_id,
                count(*) as claims,
                coalesce(
                    min(key) filter (is_known and key = their_key),
                    if(count(*) filter (is_bound) = 1, min(key) filter (is_bound), null)
                ) as holder
            from claimants
            inner join keys_there using (remote_id)
            group by remote_id
        )
        select
            key,
            min(remote_id) as found_id,
            any_value(how) as how,
            count(*) as records,
            string_agg(remote_id, ', ' order by remote_id) as record_ids,
            max(claims) as claims,
            any_value(holder) as holder
        from best
        left join claimed using (remote_id)
        group by key
    """
