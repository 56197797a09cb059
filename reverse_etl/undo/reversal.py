"""What can be taken back of what runs wrote, in SQL: nothing here goes through rows in Python.

A field gets its before-image of the first of the runs that wrote it, if the CRM
still shows what the last of them left there. A record that they created is
removed again, if nobody has touched it; one that they adopted is let go.

Tables of all syncs of an undo:

- `written`: what the runs wrote, and what others wrote to the same records
- `histories`: one row for each record that the runs wrote, and what it calls for
- `left_alone`: what stays as it is, and why

and of a part of a sync at a time: `part`, its records; `touched`, the fields
that were written; `images`, what was in them before; `hanging`, those of its
records that others of ours point at; `passed_on`, those whose former key another
has by now.
"""

from collections.abc import Iterator, Mapping, Sequence

import duckdb
import orjson

from reverse_etl.ledger import UNDOING
from reverse_etl.plan.difference import AT_ONCE
from reverse_etl.plan.fields import literal, quoted
from reverse_etl.plan.room import execute
from reverse_etl.plan.tables import model_of
from reverse_etl.syncs import Sync

SKEW = "interval 5 minutes"
"""How far the CRM's clock may be from ours."""
CHANGED = "a person changed it since"
GONE = "it is gone from the CRM"
ELSEWHERE = "its key belongs to another record of the CRM since"
PASSED_ON = "the key that it had is another record's by now"
FORGOTTEN = "what it held before was forgotten"
NOT_OURS = "it holds something that isn't ours, so the record stays"
UNWANTED = "an undo removed it, and its row isn't wanted any more"

TABLES = r"""
create table written (
    sync varchar, key varchar, remote_id varchar, delivery_id bigint, run_id varchar,
    operation varchar, fields varchar, intent_at timestamp, outcome_at timestamp,
    is_undone boolean
);
create table histories (
    sync varchar, key varchar, remote_id varchar, operation varchar,
    state varchar, origin varchar, fingerprint varchar, first_at timestamp, last_at timestamp
);
create table left_alone (sync varchar, key varchar, field varchar, reason varchar);
create table images (delivery_id bigint, before json);
create macro member_of(record, field) as
    json_extract(record, '$."' || replace(replace(field, '\', '\\'), '"', '\"') || '"');
create macro text_of(json) as nullif(json->>'$', '');
-- what two forms of one value have in common: its number, or its letters and digits
create macro core_of(value) as coalesce(
    regexp_replace(try_cast(value as decimal(38, 9))::varchar, '\.?0+$', ''),
    nullif(regexp_replace(lower(value), '[^\p{L}\p{N}]', '', 'g'), '')
);
-- where the CRM didn't show what it had made of a value, a form of its own is no change
create macro is_as_left(theirs, sent, observed) as
    theirs is not distinct from if(observed is null, text_of(sent), text_of(observed))
    or (observed is null and coalesce(core_of(theirs) = core_of(text_of(sent)), false));
"""


def take_written(
    connection: duckdb.DuckDBPyConnection,
    sync: Sync,
    runs: Sequence[str],
    *limits: Sequence[str] | None,
) -> None:
    """Find what the runs wrote, and what was written afterwards to the same records.

    Needs the ledger attached. Each of `limits` that isn't None is a list of the only keys.
    """
    name = literal(sync.name)
    chosen = [_chosen(connection, "undone_runs", runs)]
    chosen += [
        _chosen(connection, f"only_keys_{number}", keys)
        for number, keys in enumerate(limits)
        if keys is not None
    ]
    only_keys = "".join(f" and key in (from {table})" for table in chosen[1:])
    execute(
        connection,
        f"""
        insert into written
        with undone as (
            select key, delivery_id from ledger.deliveries
            where sync = {name} and outcome = 'written' and run_id in (from undone_runs){only_keys}
        )
        select
            sync, key, remote_id, delivery_id, run_id, operation, fields,
            intent_at::timestamp, outcome_at::timestamp, run_id in (from undone_runs)
        from ledger.deliveries
        where sync = {name}
            and outcome = 'written'
            and delivery_id >= (select min(delivery_id) from undone)
            and key in (select key from undone)
        """,
    )


def take_histories(connection: duckdb.DuckDBPyConnection, sync: Sync, *, has_model: bool) -> None:
    """Say of each record that the runs wrote what it calls for.

    Needs the ledger attached, and the warehouse if the sync's model is there.
    """
    name = literal(sync.name)
    key = f"{quoted(sync.key)}::varchar"
    model = (
        f"select {key} as key, fingerprint from {model_of(sync)}"
        if has_model
        else "select null::varchar as key, null::varchar as fingerprint where false"
    )
    [(rows,)] = connection.execute(f"select count(*) from ({model})").fetchall()
    removal = "last_operation in ('archive', 'delete')"
    unable = (
        "'it was ' || if(last_operation = 'delete', 'deleted', last_operation || 'd') || "
        "', which can''t be undone'"
    )
    bound = f"coalesce('a later run (' || later_run || ') removed it', {literal(GONE)})"
    # the first that is true counts: when, what then, and why
    cases = [
        (f"{removal} and is_created", "nothing", "null"),
        (f"{removal} or last_operation = 'merge'", "left", unable),
        # the last that the runs did was to take it back themselves
        (
            "last_operation = 'withdraw' and (is_created or not is_current or state <> 'undone')",
            "nothing",
            "null",
        ),
        ("last_operation = 'withdraw' and is_desired", "return", "null"),
        ("last_operation = 'withdraw'", "left", literal(UNWANTED)),
        ("not is_current", "left", literal(ELSEWHERE)),
        ("state = 'undone' and last_operation = 'release' and not is_adopted", "restore", "null"),
        ("state = 'undone'", "nothing", "null"),
        ("state <> 'live'", "left", bound),
        (
            "is_created and later_run is not null",
            "left",
            "'a later run (' || later_run || ') wrote it, so the record stays'",
        ),
        ("is_created", "withdraw", "null"),
        ("is_adopted", "release", "null"),
        ("true", "restore", "null"),
    ]

    def first(thens: Sequence[str]) -> str:
        whens = (f"when {case[0]} then {then}" for case, then in zip(cases, thens, strict=True))
        return f"case {' '.join(whens)} end"

    execute(
        connection,
        f"""
        create or replace table judged_histories as
        with told as (
            select
                key, remote_id,
                arg_max(operation, delivery_id) filter (is_undone) as last_operation,
                coalesce(bool_or(operation = 'create') filter (is_undone), false) as is_created,
                coalesce(bool_or(operation = 'adopt') filter (is_undone), false) as is_adopted,
                max(delivery_id) filter (is_undone) as last_undone,
                max(delivery_id) as last_of_all,
                arg_max(run_id, delivery_id) as last_run,
                min(intent_at) as first_at,
                max(outcome_at) as last_at
            from written where sync = {name}
            group by key, remote_id
            having last_undone is not null
        ),
        known as (
            select key, remote_id, state, origin, fingerprint
            from ledger.records where sync = {name}
        ),
        model as ({model}),
        whole as (
            select
                told.*, known.state, known.origin,
                coalesce(known.remote_id = told.remote_id, false) as is_current,
                model.key is not null as is_desired,
                model.fingerprint as wanted_fingerprint,
                known.fingerprint,
                case when last_of_all > last_undone then last_run end as later_run
            from told
            left join known on known.key = told.key
            left join model on model.key = told.key
        )
        select
            *,
            {first([literal(case[1]) for case in cases])} as operation,
            {first([case[2] for case in cases])} as reason,
            -- the delivery in which is what the record held that can't be brought back
            case when operation = 'left' and reason = {unable} then last_undone end as image
        from whole
        """,
        megabytes=32 + rows // 10_000,
    )
    execute(
        connection,
        f"""
        insert into histories
        select
            {name}, key, remote_id, operation, state, origin,
            case
                -- what is gone isn't wanted again as long as its row is what it is now
                when operation in ('withdraw', 'release')
                    then coalesce(wanted_fingerprint, fingerprint)
                else fingerprint
            end,
            first_at, last_at
        from judged_histories
        where operation not in ('nothing', 'left')
        order by key
        """,
    )
    execute(
        connection,
        f"""
        insert into totals select {name}, {rows}, count(*), 0
        from ledger.records where sync = {name} and state = 'live'
        """,
    )


def images_to_name(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """The deliveries in which is what those records held that can't be brought back."""
    query = "select image from judged_histories where image is not null order by 1"
    return [delivery_id for (delivery_id,) in connection.execute(query).fetchall()]


def take_left_alone(connection: duckdb.DuckDBPyConnection, sync: Sync, kept: Sequence[int]) -> None:
    """Say which records stay as they are, and why; of images, `kept` are those that are left."""
    kept_images = _chosen(connection, "kept_images", list(map(str, kept)))
    execute(
        connection,
        f"""
        insert into left_alone
        select
            {literal(sync.name)}, key, '',
            reason || case
                when image is null then ''
                when image::varchar in (from {kept_images})
                    then '; what it held is in delivery ' || image
                else '; what it held was forgotten'
            end
        from judged_histories where operation = 'left'
        """,
    )


def take_returning(connection: duckdb.DuckDBPyConnection, sync: Sync) -> None:
    """Have what an undo removed planned as what is new."""
    execute(
        connection,
        f"""
        insert into moved (sync, key, is_desired, is_known)
        select sync, key, true, false
        from histories where sync = {literal(sync.name)} and operation = 'return'
        """,
    )


def has_returning(connection: duckdb.DuckDBPyConnection, sync: Sync) -> bool:
    """Whether anything that an undo removed comes back."""
    return bool(
        connection.execute("select 1 from moved where sync = ? limit 1", [sync.name]).fetchall()
    )


def ids_to_read(connection: duckdb.DuckDBPyConnection, sync: Sync) -> list[str]:
    """The CRM's ids of the records that may be changed."""
    found = connection.execute(
        "select distinct remote_id from histories "
        "where sync = ? and list_contains(?, operation) order by 1",
        [sync.name, list(UNDOING)],
    )
    ids: list[str] = []
    while rows := found.fetchmany(AT_ONCE):
        ids += [remote_id for (remote_id,) in rows]
    return ids


def parts(connection: duckdb.DuckDBPyConnection, sync: Sync) -> Iterator[int]:
    """Where the parts of a sync's records begin: so many lie in memory together."""
    [(first, last)] = connection.execute(
        "select min(rowid), max(rowid) from histories where sync = ?", [sync.name]
    ).fetchall()
    if first is not None:
        yield from range(first, last + 1, AT_ONCE)


def take_part(connection: duckdb.DuckDBPyConnection, sync: Sync, start: int) -> None:
    """Put some of the records into a table, and their fields into another."""
    name = literal(sync.name)
    execute(
        connection,
        f"""
        create or replace table part as
        select * from histories
        where rowid >= {start} and rowid < {start + AT_ONCE}
            and sync = {name} and operation <> 'return'
        """,
    )
    execute(
        connection,
        f"""
        create or replace table touched as
        with each_field as (
            select
                written.key, written.delivery_id, written.run_id, written.is_undone,
                unnest(from_json(written.fields, '["VARCHAR"]')) as field
            from written
            inner join part
                on part.key = written.key and part.remote_id = written.remote_id
                    and part.operation <> 'withdraw'
            where written.sync = {name}
        )
        select
            key, field,
            min(delivery_id) filter (is_undone) as first_delivery,
            case
                when max(delivery_id) > max(delivery_id) filter (is_undone)
                    then arg_max(run_id, delivery_id)
            end as later_run
        from each_field
        group by key, field
        having first_delivery is not null
        """,
    )


def take_hanging(
    connection: duckdb.DuckDBPyConnection, sync: Sync, syncs: Mapping[str, Sync]
) -> None:
    """Find those of a part that would be removed, and that others of our records point at.

    Needs the ledger attached.
    """
    execute(connection, "create or replace table hanging (key varchar, reason varchar)")
    pointing = [(each.name, column) for each in syncs.values() for column in each.links]
    for other, column in pointing:
        if column.links_to != sync.name:
            continue
        execute(
            connection,
            f"""
            insert into hanging
            select
                part.key,
                any_value(others.key) || ' of {other} is linked to it, so the record stays'
            from ledger.records as others
            inner join part
                on part.operation = 'withdraw'
                    -- where an undo put a link back, what was sent is still the later one
                    and part.remote_id = text_of(coalesce(
                        member_of(others.observed, {literal(column.field)}),
                        member_of(others.sent, {literal(column.field)})
                    ))
            where others.sync = {literal(other)}
                and others.state = 'live'
                and others.key not in (
                    select key from changes
                    where sync = {literal(other)} and operation = 'withdraw'
                )
            group by part.key
            """,
        )


def take_passed_on(connection: duckdb.DuckDBPyConnection, sync: Sync) -> None:
    """Find those of a part that would get back a key that another of our records has by now.

    Needs the ledger attached, and `images` filled.
    """
    key_field = literal(sync.key_field)
    execute(
        connection,
        f"""
        create or replace table passed_on as
        select part.key
        from part
        inner join touched on touched.key = part.key and touched.field = {key_field}
        inner join images on images.delivery_id = touched.first_delivery
        inner join ledger.records as others
            on others.sync = {literal(sync.name)}
                and others.key = text_of(member_of(images.before, {key_field}))
                and others.state = 'live'
                and others.remote_id <> part.remote_id
        """,
    )


def decide(connection: duckdb.DuckDBPyConnection, sync: Sync, read_only: Sequence[str]) -> None:
    """Decide on a part's records, from what the CRM holds; `read_only` are fields it fills in."""
    execute(connection, _fields(sync))
    execute(connection, _restored(sync))
    execute(connection, _kept_records(sync, read_only))
    execute(connection, _withdrawn(sync))
    execute(
        connection,
        f"""
        insert into left_alone
        select {literal(sync.name)}, key, field, verdict from weighed where verdict <> 'same'
        union all
        select {literal(sync.name)}, key, field, reason from kept_records
        """,
    )


def _sides(sync: Sync) -> str:
    """A part's records with what is known of them, and what the CRM holds."""
    name = literal(sync.name)
    return f"""
        from part
        inner join known_values as known on known.sync = {name} and known.key = part.key
        left join theirs on theirs.sync = {name} and theirs.remote_id = part.remote_id
    """


def _fields(sync: Sync) -> str:
    """Of each field that was written: what it is to hold again, or why it isn't."""
    return f"""
        create or replace table weighed as
        with sides as (
            select
                touched.key, touched.field, touched.later_run,
                touched.key in (select key from passed_on) as is_passed_on,
                images.delivery_id is null as is_forgotten,
                theirs.remote_id is null as is_gone,
                member_of(images.before, touched.field) as wanted,
                member_of(theirs.fields, touched.field) as theirs,
                member_of(known.sent, touched.field) as sent,
                member_of(known.observed, touched.field) as observed
            {_sides(sync)}
            inner join touched on touched.key = part.key
            left join images on images.delivery_id = touched.first_delivery
        )
        select
            key, field, wanted, theirs,
            case
                when is_gone then {literal(GONE)}
                when is_forgotten then {literal(FORGOTTEN)}
                when text_of(wanted) is not distinct from text_of(theirs) then 'same'
                when later_run is not null then 'a later run (' || later_run || ') wrote it'
                when is_passed_on then {literal(PASSED_ON)}
                when not is_as_left(text_of(theirs), sent, observed) then {literal(CHANGED)}
            end as verdict
        from sides
    """


def _restored(sync: Sync) -> str:
    """The records of which at least one field can be put back."""

    def record_of(value: str) -> str:
        members = f"to_json(field)::varchar || ':' || coalesce({value}::varchar, 'null')"
        return f"'{{' || string_agg({members}, ',' order by field) || '}}'"

    return f"""
        insert into changes
        with restored as (
            select
                key, {record_of("wanted")} as payload, {record_of("theirs")} as before
            from weighed where verdict is null
            group by key
        )
        select
            part.sync, part.key, part.operation,
            if(part.operation = 'release', 'it was adopted, and is let go', null), null,
            part.remote_id, part.origin, restored.payload, restored.before, '',
            part.fingerprint, known.sent::varchar, known.observed::varchar, null
        {_sides(sync)}
        inner join restored on restored.key = part.key
        order by part.operation, part.key
    """


def _kept_records(sync: Sync, read_only: Sequence[str]) -> str:
    """Why a record that was created isn't removed: field by field, or as a whole."""
    filled_in = ", ".join(literal(name) for name in ("", *read_only))
    return f"""
        create or replace table kept_records as
        with sides as (
            select
                part.key, part.first_at, part.last_at,
                known.sent, known.observed, theirs.remote_id, theirs.fields
            {_sides(sync)}
            where part.operation = 'withdraw'
        ),
        ours as (
            select *, unnest(json_keys(sent)) as field from sides where remote_id is not null
        ),
        others as (
            select *, unnest(json_keys(fields)) as field from sides where remote_id is not null
        )
        select key, '' as field, {literal(GONE)} as reason from sides where remote_id is null
        union all
        select key, '', reason from hanging
        union all
        select key, field, {literal(CHANGED + ", so the record stays")} from ours
        where not is_as_left(
            text_of(member_of(fields, field)), member_of(sent, field), member_of(observed, field)
        )
        union all
        select key, field, {literal(NOT_OURS)} from others
        where not list_contains(json_keys(sent), field)
            and field not in ({filled_in})
            -- what CRMs show in a field in which there is nothing
            and text_of(member_of(fields, field)) not in ('false', '0', '[]', '{{}}')
            -- when we wrote it, as the CRM notes that by itself; a later time is somebody's hand
            and not coalesce(
                try_cast(text_of(member_of(fields, field)) as timestamp)
                    between first_at - {SKEW} and last_at + {SKEW},
                false
            )
    """


def _withdrawn(sync: Sync) -> str:
    return f"""
        insert into changes
        select
            part.sync, part.key, 'withdraw', 'it was created, and nobody has touched it', null,
            part.remote_id, part.origin, '{{}}', theirs.fields::varchar, '',
            part.fingerprint, known.sent::varchar, known.observed::varchar, null
        {_sides(sync)}
        where part.operation = 'withdraw' and part.key not in (select key from kept_records)
        order by part.key
    """


def _chosen(connection: duckdb.DuckDBPyConnection, table: str, values: Sequence[str]) -> str:
    # as one JSON text: a list of half a million parameters takes DuckDB minutes to bind
    execute(
        connection,
        f"""
        create or replace table {table} as
        select unnest(from_json(?::json, '["VARCHAR"]')) as value
        """,
        [orjson.dumps(list(values)).decode()],
    )
    return table
