"""What a reading of the whole CRM says, held against the ledger and the models, in SQL.

A row of `findings` names a key, a record of the CRM and a field, never a value. Its kinds
are `KINDS`; docs/how-to/settle-drift.md says what is done about each.
"""

from collections.abc import Mapping, Sequence

import duckdb
import orjson

from reverse_etl.plan.fields import literal, quoted
from reverse_etl.plan.room import execute
from reverse_etl.reconciliation.reading import Read, hashed, paths
from reverse_etl.syncs import Sync

KINDS: Mapping[str, str] = {
    "missing": "We know it to be there, and it isn't; `other` has the record that carries its key.",
    "merged": "People merged our record into another, which `other` names.",
    "restored": "We removed it, or somebody did, and it is there again.",
    "rekeyed": "Our record carries another key, which `other` has, or none.",
    "changed": "A field of ours isn't as we left it; one row a field.",
    "doubled": "Several records carry our key, or several keys have the record; one row each.",
    "alike": "A record that isn't ours equals ours in the fields that `other` names.",
    "unknown_key": "A record that isn't ours carries a key that we don't know.",
}
"""The kinds of findings; records that were never ours and carry no key are only counted."""

TABLES = """
create table wanted (sync varchar, key varchar);
create table findings (
    sync varchar, kind varchar, key varchar, remote_id varchar, field varchar, owner varchar,
    other varchar
);
create table read_counts (sync varchar, records bigint, never_ours bigint, unjudged bigint);
"""


def take_wanted(connection: duckdb.DuckDBPyConnection, sync: Sync) -> None:
    """Take the keys that the model wants; needs the warehouse attached."""
    model = f"warehouse.{quoted(sync.schema)}.{quoted(sync.table)}"
    execute(
        connection,
        f"insert into wanted select {literal(sync.name)}, {quoted(sync.key)}::varchar from {model}",
    )


def compare(
    connection: duckdb.DuckDBPyConnection, sync: Sync, read: Read, unsettled: Sequence[str]
) -> None:
    """Fill `findings` with what differs; needs the ledger attached.

    Nothing is said of a record that a sync wrote after the reading had begun, or of which nobody
    knows yet whether it was written (`unsettled`).
    """
    connection.execute(f"attach {literal(str(read.file))} as reading (read_only)")
    # a record that changed while all were read may have been read twice
    execute(
        connection,
        """
        create or replace table there as
        select remote_id, key, hashes, formerly from reading.held
        where rowid in (select max(rowid) from reading.held group by remote_id)
        """,
    )
    connection.execute("detach reading")
    execute(connection, "create or replace table unsettled (key varchar)")
    execute(
        connection,
        """insert into unsettled select unnest(from_json(?::json, '["VARCHAR"]'))""",
        [orjson.dumps(list(unsettled)).decode()],
    )
    execute(connection, _known(sync, read.began_at))
    execute(
        connection,
        f"""
        create or replace table bound as
        select remote_id from ledger.records
        where destination = {literal(sync.destination)} and object = {literal(sync.object)}
            and state in ('live', 'gone')
        """,
    )
    for kind, finding in (
        ("missing", _MISSING),
        ("merged", _MERGED),
        ("restored", _RESTORED),
        ("rekeyed", _REKEYED),
        ("changed", _changed(sync)),
        ("doubled", _DOUBLED),
        ("alike", _alike(sync)),
        ("unknown_key", _UNKNOWN),
    ):
        execute(
            connection,
            f"""
            insert into findings
            select {literal(sync.name)}, {literal(kind)}, key, remote_id, field, owner, other
            from ({finding})
            """,
        )
    execute(
        connection,
        f"""
        insert into read_counts
        select
            {literal(sync.name)},
            (select count(*) from there),
            (
                select count(*) from there
                where key is null and remote_id not in (select remote_id from bound)
            ),
            (select count(*) from known where not is_judged)
        """,
    )
    for table in ("there", "known", "bound", "unsettled"):
        execute(connection, f"drop table {table}")


def _known(sync: Sync, began_at: str) -> str:
    """What the ledger knows, with the hashes of what each field showed when we had written it."""
    at = paths(sync)
    left = (
        "list_transform(range(1, len(sent) + 1), "
        "lambda i: if(coalesce(was_shown[i], false), shown[i], sent[i]))"
    )
    was_left = (
        "list_transform(range(1, len(sent) + 1), "
        "lambda i: was_sent[i] or coalesce(was_shown[i], false))"
    )
    return f"""
        create or replace table known as
        with texts as (
            select
                key, remote_id, state, changed_at,
                json_extract_string(sent, {at}) as sent,
                json_exists(sent, {at}) as was_sent,
                json_extract_string(observed, {at}) as shown,
                json_exists(observed, {at}) as was_shown
            from ledger.records
            where sync = {literal(sync.name)}
        )
        select
            key, remote_id, state,
            {hashed(f"if(shown is null, sent, {left})")} as hashes,
            if(shown is null, was_sent, {was_left}) as was_left,
            changed_at < {literal(began_at)} and key not in (select key from unsettled)
                as is_judged
        from texts
    """


_MISSING = """
    select
        known.key, known.remote_id, null as field, null as owner,
        min(carrying.remote_id) as other
    from known
    left join there as carrying on carrying.key = known.key
    where known.is_judged and known.state = 'live'
        and known.remote_id not in (select remote_id from there)
        and known.remote_id not in (select unnest(formerly) from there)
    group by all
"""

_MERGED = """
    select known.key, known.remote_id, null as field, null as owner, winner.remote_id as other
    from known
    inner join (select remote_id, unnest(formerly) as loser_id from there) as winner
        on winner.loser_id = known.remote_id
    where known.is_judged and known.state in ('live', 'gone')
"""

_RESTORED = """
    select distinct
        known.key, there.remote_id, null as field, null as owner, known.state as other
    from known
    inner join there on there.remote_id = known.remote_id or there.key = known.key
    where known.is_judged and known.state in ('archived', 'deleted', 'gone')
        and there.remote_id not in (select remote_id from known where state = 'live')
"""

_REKEYED = """
    select known.key, known.remote_id, null as field, null as owner, there.key as other
    from known
    inner join there on there.remote_id = known.remote_id
    where known.is_judged and known.state = 'live' and there.key is distinct from known.key
"""

_DOUBLED = """
    with ours as (
        select key from known where is_judged and state in ('live', 'gone')
    ),
    carried as (
        select key from there where key is not null group by key having count(*) > 1
    ),
    shared as (
        select remote_id from known where state = 'live' group by remote_id having count(*) > 1
    )
    select there.key, there.remote_id, null as field, null as owner, null as other
    from there
    inner join carried on carried.key = there.key
    inner join ours on ours.key = there.key
    union all
    select known.key, known.remote_id, null, null, null
    from known
    inner join shared on shared.remote_id = known.remote_id
    where known.is_judged and known.state = 'live'
"""

_UNKNOWN = """
    select key, remote_id, null as field, null as owner, null as other
    from there
    where key is not null
        and key not in (select key from known)
        and key not in (select key from wanted)
        and remote_id not in (select remote_id from bound)
"""


def _changed(sync: Sync) -> str:
    fields = ", ".join(literal(column.field) for column in sync.columns)
    owners = ", ".join(literal(column.owner) for column in sync.columns)
    key = next(i for i, column in enumerate(sync.columns, 1) if column.name == sync.key)
    return f"""
        with differing as (
            select
                known.key, known.remote_id,
                unnest(list_filter(
                    range(1, {len(sync.columns) + 1}),
                    lambda i: i <> {key} and known.was_left[i]
                        and known.hashes[i] <> there.hashes[i]
                )) as place
            from known
            inner join there on there.remote_id = known.remote_id
            where known.is_judged and known.state = 'live' and known.hashes <> there.hashes
        )
        select
            key, remote_id, [{fields}][place] as field, [{owners}][place] as owner, null as other
        from differing
    """


def _alike(sync: Sync) -> str:
    """Records that aren't ours, and equal ours in all fields of a group."""
    places = {column.field: i for i, column in enumerate(sync.columns, 1)}
    nothing = "hash(null::varchar)"
    groups = [
        f"""
        select
            ours.key, theirs.remote_id, null as field, null as owner,
            {literal(", ".join(group))} as other
        from there as theirs
        inner join there as mine on {
            " and ".join(
                f"mine.hashes[{places[name]}] = theirs.hashes[{places[name]}] "
                f"and mine.hashes[{places[name]}] <> {nothing}"
                for name in group
            )
        }
        inner join known as ours on ours.remote_id = mine.remote_id and ours.state = 'live'
        where theirs.key is null and theirs.remote_id not in (select remote_id from bound)
        """
        for group in sync.match
    ]
    none = "select null as key, null as remote_id, null as field, null as owner, null as other"
    return " union all ".join(groups) or f"{none} where false"
