"""The difference between what should be and what is known, in SQL.

DuckDB joins the sync model with the ledger and takes out only what differs: a
record whose fingerprint is the one that was last written isn't looked at
again. Nothing here goes through the rows in Python.

Tables, one of each for all syncs of a plan:

- `moved`: the keys that may need something
- `known_values`: what the ledger knows of them
- `candidates`: both, and what we want
- `links`: the CRM's id of each record that a candidate points at
- `theirs`: the CRM's records that were read for it
- `changes`: what is to be done, and why
"""

import duckdb

from reverse_etl.plan.fields import (
    Sides,
    as_json,
    field_json,
    field_text,
    has_field,
    is_written,
    literal,
    quoted,
)
from reverse_etl.syncs import Column, Sync

TABLES = """
create table moved (
    sync varchar, key varchar, is_desired boolean, is_known boolean,
    rejected_fingerprint varchar, rejected varchar
);
create table known_values (
    sync varchar, key varchar, remote_id varchar, origin varchar, sent json, observed json
);
create table candidates (
    sync varchar, key varchar, is_desired boolean, is_known boolean, fingerprint varchar,
    record_id varchar, ours json, remote_id varchar, origin varchar, sent json, observed json,
    rejected varchar, redirected varchar
);
create table totals (sync varchar, desired bigint, known bigint, unchanged bigint);
create table links (sync varchar, key varchar, field varchar, remote_id varchar);
create table theirs (sync varchar, remote_id varchar, fields json);
create table changes (
    sync varchar, key varchar, operation varchar, reason varchar, remote_id varchar,
    origin varchar, payload varchar, before varchar, fields varchar[], waits varchar[],
    fingerprint varchar, sent varchar, observed varchar
);
"""


def take_moved(connection: duckdb.DuckDBPyConnection, sync: Sync, keys: list[str] | None) -> None:
    """Find the keys that may need something: new, no longer wanted, or with another fingerprint.

    Needs the warehouse and the ledger attached. `keys` limits it to these.
    """
    model = _model(sync)
    name = literal(sync.name)
    connection.execute("create or replace temp table wanted_keys (key varchar)")
    if keys is not None:
        connection.execute("insert into wanted_keys select unnest(?)", [keys])
    only = "" if keys is None else "and key in (select key from wanted_keys)"
    connection.execute(f"""
        create or replace temp table differing as
        with desired as (
            select {quoted(sync.key)}::varchar as key, fingerprint from {model}
        ),
        known as (
            select key, fingerprint from ledger.records where sync = {name} and state = 'live'
        )
        select
            coalesce(desired.key, known.key) as key,
            desired.key is not null as is_desired,
            known.key is not null as is_known
        from desired
        full join known on desired.key = known.key
        where desired.key is null
            or known.key is null
            or desired.fingerprint is distinct from known.fingerprint
    """)
    connection.execute(f"""
        insert into totals
        select
            {name},
            (select count(*) from {model}),
            (select count(*) from ledger.records where sync = {name} and state = 'live'),
            (select count(*) from {model}) - (select count(*) from differing where is_desired)
    """)
    connection.execute(f"""
        insert into moved
        select
            {name}, differing.key, is_desired, is_known, rejects.fingerprint,
            rejects.error_code || coalesce(' (' || rejects.error_field || ')', '')
        from (select * from differing where true {only}) as differing
        left join ledger.rejects as rejects
            on rejects.sync = {name} and rejects.key = differing.key and rejects.state = 'waiting'
    """)


def take_candidates(connection: duckdb.DuckDBPyConnection, sync: Sync, *, forced: bool) -> None:
    """Put beside each moved key what we want of it, and what is known of it.

    Needs the warehouse attached, and `known_values` filled. `forced` looks again at what was
    rejected and hasn't changed.
    """
    model = _model(sync)
    name = literal(sync.name)
    record_id = f"model.{quoted(sync.record_id)}::varchar" if sync.record_id else "null"
    ours = ", ".join(
        f"{literal(column.field)}, {as_json(column, 'model.' + quoted(column.name))}"
        for column in sync.columns
    )
    redirected = (
        f"(select any_value(redirects.new_key) from "
        f"warehouse.{quoted(sync.redirects[0])}.{quoted(sync.redirects[1])} as redirects "
        f"where redirects.old_key = moved.key)"
        if sync.redirects
        else "null"
    )
    rejected = (
        "null"
        if forced
        else "case when moved.rejected_fingerprint is not distinct from model.fingerprint "
        "then moved.rejected end"
    )
    connection.execute(f"""
        insert into candidates
        select
            {name}, moved.key, moved.is_desired, moved.is_known, model.fingerprint,
            {record_id},
            case when moved.is_desired then json_object({ours}) end,
            known.remote_id, known.origin, known.sent, known.observed,
            {rejected},
            {redirected}
        from moved
        left join {model} as model on model.{quoted(sync.key)}::varchar = moved.key
        left join known_values as known on known.sync = {name} and known.key = moved.key
        where moved.sync = {name}
    """)


def take_links(connection: duckdb.DuckDBPyConnection, sync: Sync) -> None:
    """Look up the CRM's ids of the records that a sync's candidates point at.

    Needs the ledger attached. What is planned to be created in the same plan has no id yet
    and counts as coming.
    """
    for column in sync.links:
        target = literal(column.links_to or "")
        connection.execute(f"""
            insert into links
            select
                {literal(sync.name)}, candidates.key, {literal(column.field)},
                coalesce(known.remote_id, 'coming: ' || coming.key)
            from candidates
            left join ledger.records as known
                on known.sync = {target}
                    and known.key = {field_text("candidates.ours", column.field)}
                    and known.state = 'live'
            left join changes as coming
                on coming.sync = {target}
                    and coming.key = {field_text("candidates.ours", column.field)}
                    and coming.operation in ('create', 'adopt')
            where candidates.sync = {literal(sync.name)}
                and coalesce(known.remote_id, coming.key) is not null
        """)


def decide(connection: duckdb.DuckDBPyConnection, sync: Sync) -> None:
    """Decide what is to be done with each candidate, from what the CRM holds.

    Needs the ledger attached.
    """
    connection.execute(_found(sync))
    connection.execute(_changes(sync))


def _model(sync: Sync) -> str:
    return f"warehouse.{quoted(sync.schema)}.{quoted(sync.table)}"


def _found(sync: Sync) -> str:
    """Which of the CRM's records is the candidate's, and how we know."""
    name = literal(sync.name)
    key_of_theirs = field_text("theirs.fields", sync.key_field)
    # a record that has no key of ours, and that we don't know under one either
    free = f"""{key_of_theirs} is null and theirs.remote_id not in (
        select remote_id from ledger.records
        where destination = {literal(sync.destination)}
            and object = {literal(sync.object)} and state = 'live'
    )"""
    found = [
        # ours by the id map
        f"""select candidates.key, theirs.remote_id, 0 as rank, 'known' as how
            from candidates inner join theirs using (sync, remote_id)
            where sync = {name} and is_known""",
        # it carries our key already: of an earlier ledger, or of a write nobody heard of
        f"""select candidates.key, theirs.remote_id, 1, 'it carries our key'
            from candidates inner join theirs
                on theirs.sync = candidates.sync and {key_of_theirs} = candidates.key
            where candidates.sync = {name} and is_desired and not is_known""",
    ]
    if sync.record_id:
        found.append(
            f"""select candidates.key, theirs.remote_id, 2, 'identity found it to be the same'
                from candidates inner join theirs
                    on theirs.sync = candidates.sync and theirs.remote_id = candidates.record_id
                where candidates.sync = {name} and is_desired and not is_known
                    and {free}"""
        )
    for rank, group in enumerate(sync.match, start=3):
        equal = " and ".join(
            f"{field_text('theirs.fields', field)} = {field_text('candidates.ours', field)}"
            for field in group
        )
        how = literal(f"it has the same {' and '.join(group)}")
        found.append(
            f"""select candidates.key, theirs.remote_id, {rank}, {how}
                from candidates inner join theirs on theirs.sync = candidates.sync and {equal}
                where candidates.sync = {name} and is_desired and not is_known
                    and {free}"""
        )
    return f"""
        create or replace temp table found as
        with ways as ({" union all ".join(found)}),
        best as (
            select distinct key, remote_id, rank, how from ways
            qualify rank() over (partition by key order by rank) = 1
        )
        select
            key,
            min(remote_id) as remote_id,
            any_value(how) as how,
            count(*) as records,
            max(claims) as claims
        from (select *, count(*) over (partition by remote_id) as claims from best)
        group by key
    """


def _changes(sync: Sync) -> str:
    """One row for each candidate: what is to be done, and why."""
    sides = {column.field: _sides(index) for index, column in enumerate(sync.columns)}
    selected = ",\n".join(
        f"{expression} as {side}_{index}"
        for index, column in enumerate(sync.columns)
        for side, expression in _expressions(column).items()
    )
    written = {
        column.field: f"(case when operation = 'create' then {_is_created(column, sides[column.field])} "  # noqa: E501 - one expression
        f"when operation in ('adopt', 'update') then {is_written(column, sides[column.field])} "
        f"else false end)"
        for column in sync.columns
    }
    names = [f"case when {sql} then {literal(field)} end" for field, sql in written.items()]
    # a link travels as our key of the other record; delivery knows the CRM's id for it by then
    payload = [
        f"case when {sql} then {literal(_json_key(field))} || {field_json('ours', field)} end"
        for field, sql in written.items()
    ]
    before = [
        f"case when {sql} then {literal(_json_key(field))} || {field_json('theirs', field)} end"
        for field, sql in written.items()
    ]
    waits = [
        f"case when {field_text('ours', column.field)} is not null "
        f"and {sides[column.field].ours} is null then {literal(column.field)} end"
        for column in sync.links
    ]
    required = " or ".join(
        f"list_contains(waits, {literal(column.field)})"
        for column in sync.links
        if column.required_link
    )
    return f"""
        insert into changes
        with compared as (
            select
                candidates.*,
                found.remote_id as found_id, found.how, found.records, found.claims,
                theirs.fields as theirs,
                {_operation(sync)} as operation,
                {selected}
            from candidates
            left join found on found.key = candidates.key
            left join theirs on theirs.sync = candidates.sync and theirs.remote_id = found.remote_id
            where candidates.sync = {literal(sync.name)}
        ),
        decided as (
            select
                *,
                {_some(names)} as fields,
                {_some(waits)} as waits,
                '{{' || array_to_string({_some(payload)}, ',') || '}}' as payload,
                '{{' || array_to_string({_some(before)}, ',') || '}}' as before
            from compared
        ),
        judged as (
            select
                *,
                case
                    when operation in ('create', 'adopt', 'update') and ({required or "false"})
                        then 'held'
                    when operation in ('adopt', 'update') and len(fields) = 0 then 'unchanged'
                    else operation
                end as judgement
            from decided
        )
        select
            sync, key, judgement,
            {_reason(sync)},
            coalesce(found_id, remote_id),
            coalesce(origin, if(judgement = 'create', 'created', 'adopted')),
            payload,
            case
                when judgement in ('archive', 'delete') then theirs::varchar
                when judgement in ('adopt', 'update') then before
            end,
            fields, waits,
            case when len(waits) = 0 then fingerprint end,
            sent::varchar, observed::varchar
        from judged
    """


def _operation(sync: Sync) -> str:
    creates = "'held'" if sync.mode == "update_only" else "'create'"
    adopts = "'held'" if sync.mode == "create_only" else "'adopt'"
    updates = "'held'" if sync.mode == "create_only" else "'update'"
    removes = "'keep'" if sync.on_missing == "keep" else literal(sync.on_missing)
    return f"""
        case
            when candidates.rejected is not null then 'held'
            when is_desired and is_known and found.remote_id is null then 'held'
            when is_desired and is_known then {updates}
            when is_desired and (found.records > 1 or found.claims > 1) then 'held'
            when is_desired and found.remote_id is not null then {adopts}
            when is_desired then {creates}
            when candidates.redirected is not null then 'keep'
            when found.remote_id is null then 'forget'
            when candidates.origin = 'created' then {removes}
            else 'keep'
        end
    """


def _reason(sync: Sync) -> str:
    return f"""
        case
            when rejected is not null
                then 'the CRM rejected it, ' || rejected || ', and it has not changed since'
            when operation = 'held' and is_known and found_id is null
                then 'it is gone from the CRM'
            when operation = 'held' and records > 1
                then records || ' records of the CRM could be it'
            when operation = 'held' and claims > 1
                then 'several of our records could be the same record of the CRM'
            when operation = 'held' then 'the mode is {sync.mode}'
            when judgement = 'held'
                then 'it waits for what it must be linked to: ' || array_to_string(waits, ', ')
            when judgement = 'adopt' then how
            when judgement = 'unchanged' then 'the CRM holds it so already'
            when judgement = 'keep' and redirected is not null then 'merged into ' || redirected
            when judgement = 'keep' and origin = 'adopted'
                then 'no longer wanted, but people made it'
            when judgement = 'keep' then 'no longer wanted; on_missing is keep'
            when judgement in ('archive', 'delete') then 'no longer wanted'
            when judgement = 'forget' then 'no longer wanted, and gone from the CRM'
            when len(waits) > 0 then 'without ' || array_to_string(waits, ', ') || ', not there yet'
        end
    """


def _expressions(column: Column) -> dict[str, str]:
    ours = field_text("candidates.ours", column.field)
    if column.links_to:
        # compared with the CRM's own id; null while the other record has none
        ours = (
            f"(select any_value(links.remote_id) from links where links.sync = candidates.sync "
            f"and links.key = candidates.key and links.field = {literal(column.field)})"
        )
    sent = field_text("candidates.sent", column.field)
    observed = field_text("candidates.observed", column.field)
    seen = has_field("candidates.observed", column.field)
    return {
        "ours": ours,
        "theirs": field_text("theirs.fields", column.field),
        "sent": sent,
        "expected": f"case when {seen} then {observed} else {sent} end",
    }


def _sides(index: int) -> Sides:
    return Sides(f"ours_{index}", f"theirs_{index}", f"sent_{index}", f"expected_{index}")


def _is_created(column: Column, sides: Sides) -> str:
    return "false" if column.owner == "crm" else f"{sides.ours} is not null"


def _some(expressions: list[str]) -> str:
    if not expressions:
        return "[]::varchar[]"
    return f"list_filter([{', '.join(expressions)}]::varchar[], lambda item: item is not null)"


def _json_key(field: str) -> str:
    return '"' + field.replace("\\", "\\\\").replace('"', '\\"') + '":'
