"""Which of the CRM's records is a candidate's, in SQL: by the id map, our key, or a match.

`best` has each candidate's records by the surest way that found any, `bound` the other keys
that are known to have one of them, `found` the record that is the candidate's.
"""

from reverse_etl.plan.fields import field_text, literal
from reverse_etl.plan.tables import candidates, ours
from reverse_etl.syncs import Sync

CARRIES = "it carries our key"
MERGED = "people merged it into this one"


def best(sync: Sync) -> str:
    """Which of the CRM's records may be the candidate's, and how we know; the surest way counts."""
    key_of_theirs = field_text("theirs.fields", sync.key_field)
    # a record that has no key of ours, and that we don't know under one either
    unbound = f"""theirs.remote_id not in (
        select remote_id from ledger.records
        where destination = {literal(sync.destination)}
            and object = {literal(sync.object)} and state = 'live'
    )"""
    free = f"{key_of_theirs} is null and {unbound}"
    # new to us, or looked for in vain by its id
    seeking = f"candidates.is_desired and ({looked_for(sync, 'candidates.')})"
    new = "candidates.is_desired and not candidates.is_known"
    losers = "(select *, unnest(formerly) as loser_id from theirs)"
    ways = [
        # ours by the id map
        ("theirs", "theirs.remote_id = candidates.remote_id", "candidates.is_known", "known"),
        (
            losers,
            "theirs.loser_id = candidates.remote_id",
            "candidates.is_known and candidates.is_desired",
            MERGED,
        ),
        # of an earlier ledger, of a write that nobody heard of, or put back by people
        ("theirs", f"{key_of_theirs} = candidates.key", seeking, CARRIES),
        (
            "theirs",
            "theirs.remote_id = candidates.former_id",
            f"{new} and {free}",
            "it was removed, and people put it back",
        ),
    ]
    if sync.record_id:
        same = "theirs.remote_id = candidates.record_id"
        ways.append(("theirs", same, f"{seeking} and {free}", "identity found it to be the same"))
        # the record of a customer who was merged into this one, who had none
        ways.append(
            (
                "theirs",
                same,
                f"{new} and list_contains(candidates.formerly, {key_of_theirs})",
                "it was that of another, merged into this one",
            )
        )
    if sync.redirects:
        heired = "theirs.remote_id = candidates.heirloom"
        ways.append(("theirs", heired, new, "it was that of another, merged into this one"))
    for group in sync.match:
        equal = " and ".join(
            f"{field_text('theirs.fields', field)} = candidates.{ours(sync, field)}"
            for field in group
        )
        how = f"it has the same {' and '.join(group)}"
        ways.append(("theirs", equal, f"{seeking} and {free}", how))
    found = " union all ".join(
        f"""
        select
            candidates.key, candidates.is_desired, candidates.is_known, theirs.remote_id,
            {key_of_theirs} as their_key, {rank} as rank, {literal(how)} as how
        from {candidates(sync)} as candidates
        inner join {source} as theirs on theirs.sync = {literal(sync.name)} and {on}
        where {where}
        """
        for rank, (source, on, where, how) in enumerate(ways)
    )
    return f"""
        create or replace table best as
        with ways as ({found})
        select distinct * from ways
        qualify rank() over (partition by key order by rank) = 1
    """


def looked_for(sync: Sync, prefix: str = "") -> str:
    """SQL that is true for a wanted candidate that is looked for by more than the CRM's id.

    One that we know counts only if that found nothing.
    """
    if sync.mode == "create_only":
        return f"not {prefix}is_known"
    return f"not {prefix}is_known or {prefix}rejected is null"


def bound(sync: Sync) -> str:
    """Who else is known to have a record that a candidate may get: keys that haven't moved.

    Only of records about which there is doubt: nearly always there are none, and the ledger isn't
    read for them.
    """
    return f"""
        create or replace table bound as
        select key, remote_id from ledger.records
        where sync = {literal(sync.name)} and state = 'live'
            and remote_id in (
                select remote_id from best
                where is_desired and (rank > 0 or their_key is distinct from key)
            )
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
