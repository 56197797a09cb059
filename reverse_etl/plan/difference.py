"""The difference between what should be and what is known, in SQL.

DuckDB joins the sync model with the ledger and takes out only what differs: a
record whose fingerprint is the one that was last written isn't looked at
again. Nothing here goes through the rows in Python. `reverse_etl.plan.tables`
lists the tables.
"""

from collections.abc import Iterator

import duckdb
import orjson

from reverse_etl.plan import finding, judgement
from reverse_etl.plan.fields import (
    HashOf,
    Question,
    Sides,
    an_object,
    as_json,
    as_text,
    field_json,
    field_text,
    has_field,
    is_created,
    is_written,
    literal,
    member,
    quoted,
    verdict,
)
from reverse_etl.plan.judgement import linked_id
from reverse_etl.plan.room import LEAST_MB, execute
from reverse_etl.plan.tables import candidates, model_of, ours
from reverse_etl.plan.validation import Rules, Written, fault_of_known, fault_of_new
from reverse_etl.syncs import CONTESTED, FINGERPRINT, Column, Sync

MERGED_INTO = "merged_into"
"""What a merge's payload holds: the key into which the record's was merged."""
AT_ONCE = 10_000
"""Records whose fields are compared and written out at once: they lie in memory together."""

ARGUED = "('adopt', 'update', 'held')"
"""Operations beside which a question may stay open."""

AGAIN = "('ask', 'answered', 'value')"
"""Verdicts after which a record is looked at again."""
_OF_AN_ANSWER = ("answer", "ours_hash", "theirs_hash", "answer_hash", "value")


def vanished(connection: duckdb.DuckDBPyConnection, sync: Sync) -> list[str]:
    """What a sync needs of its model's table and the attached warehouse doesn't have."""
    held = connection.execute(
        """
        select column_name from duckdb_columns()
        where database_name = 'warehouse' and schema_name = ? and table_name = ?
        """,
        [sync.schema, sync.table],
    ).fetchall()
    if not held:
        return [f"sync {sync.name}: the warehouse has no table {sync.schema}.{sync.table}"]
    there = {name.lower() for (name,) in held}
    needed = [column.name for column in sync.columns] + [FINGERPRINT]
    needed += [sync.record_id] if sync.record_id else []
    needed += [column.changed_at for column in sync.columns if column.changed_at]
    return [
        f"sync {sync.name}: {sync.schema}.{sync.table} has no column {name} any more"
        for name in needed
        if name.lower() not in there
    ]


def take_moved(
    connection: duckdb.DuckDBPyConnection,
    sync: Sync,
    keys: list[str] | None,
    *,
    again: bool = False,
) -> None:
    """Find the keys that may need something: new, no longer wanted, or with another fingerprint.

    Needs the warehouse and the ledger attached. `keys` limits it to these, and to those that
    were merged into them: their records may be these keys' now. `again` takes each of them,
    whether or not it has moved.
    """
    model = model_of(sync)
    name = literal(sync.name)
    looked_at = "desired.key in (select key from wanted_keys)" if again else "false"
    execute(connection, "create or replace table wanted_keys (key varchar)")
    if keys is not None:
        # as one JSON text: a list of half a million parameters takes DuckDB minutes to bind
        execute(
            connection,
            """insert into wanted_keys select unnest(from_json(?::json, '["VARCHAR"]'))""",
            [orjson.dumps(keys).decode()],
        )
        if sync.redirects:
            execute(connection, _and_merged_into(sync))
    only = "" if keys is None else "and key in (select key from wanted_keys)"
    [(rows,)] = connection.execute(f"select count(*) from {model}").fetchall()
    execute(
        connection,
        f"""
        create or replace table differing as
        with desired as (
            select {quoted(sync.key)}::varchar as key, fingerprint from {model}
        ),
        known as (
            select key, fingerprint, state from ledger.records
            where sync = {name} and state in ('live', 'gone', 'archived', 'deleted', 'undone')
        ),
        erased as (
            select key from ledger.erasures where sync = {name}
        )
        select
            coalesce(desired.key, known.key) as key,
            desired.key is not null as is_desired,
            coalesce(known.state in ('live', 'gone'), false) as is_known,
            known.state
        from desired
        full join known on desired.key = known.key
        where if(
            desired.key is null,
            known.state in ('live', 'gone'),
            -- what was undone isn't there, but isn't wanted again either until its row changes
            coalesce(known.state not in ('live', 'undone'), true)
                or (
                    desired.fingerprint is distinct from known.fingerprint
                    -- nobody can tell any more whether it has changed
                    and not (
                        known.state = 'undone' and known.fingerprint is null
                        and known.key in (from erased)
                    )
                )
                or (known.state = 'live' and {looked_at})
        )
        """,
        # the join must hold a key and a fingerprint of each row
        megabytes=LEAST_MB + rows // 10_000,
    )
    execute(
        connection,
        f"""
        insert into totals
        select
            {name},
            (select count(*) from {model}),
            (select count(*) from ledger.records where sync = {name} and state = 'live'),
            (select count(*) from {model}) - (select count(*) from differing where is_desired)
    """,
    )
    execute(
        connection,
        f"""
        insert into moved
        select
            {name}, differing.key, is_desired, is_known, differing.state, rejects.fingerprint,
            rejects.error_code || coalesce(' (' || rejects.error_field || ')', '')
        from (select * from differing where true {only}) as differing
        left join ledger.rejects as rejects
            on rejects.sync = {name} and rejects.key = differing.key and rejects.state = 'waiting'
    """,
    )
    if sync.redirects:
        execute(connection, _successors(sync))


def take_asked(connection: duckdb.DuckDBPyConnection, sync: Sync) -> None:
    """Take what people were asked about the moved keys; needs the ledger attached."""
    execute(
        connection,
        f"""
        insert into asked
        select
            reviews.sync, reviews.key, reviews.field, state, answer,
            ours_hash, theirs_hash, answer_hash, review_values.answer_value
        from ledger.reviews as reviews
        left join ledger.review_values as review_values
            on review_values.sync = reviews.sync and review_values.key = reviews.key
                and review_values.field = reviews.field
        where reviews.sync = {literal(sync.name)}
            -- once ours was written there is nothing that the answer would still hold, nor is
            -- there where the question closed without one
            and (state <> 'settled' or answer in ('theirs', 'value'))
            and reviews.key in (select key from moved where sync = {literal(sync.name)})
        """,
    )


def take_candidates(connection: duckdb.DuckDBPyConnection, sync: Sync, *, forced: bool) -> None:
    """Put beside each moved key what we want of it, and what is known of it.

    Needs the warehouse attached, and `known_values` filled. `forced` looks again at what was
    rejected and hasn't changed, and makes anew what is known to be gone.
    """
    record_id = f"model.{quoted(sync.record_id)}::varchar" if sync.record_id else "null::varchar"
    wanted = ", ".join(
        f"{as_text(column, 'model.' + quoted(column.name))} as ours_{index}"
        for index, column in enumerate(sync.columns)
    )
    wanted += "".join(
        f", epoch_us(try_cast(model.{quoted(column.changed_at)} as timestamptz)) as ours_at_{index}"
        for index, column in sync.contested
        if column.changed_at
    )
    formerly, split_from = "null::varchar[]", "null::varchar"
    if sync.redirects:
        formerly = f"""(
            select list(old_key) from {_redirects(sync)}
            where new_key = moved.key and kind = 'merged'
        )"""
        split_from = f"""(
            select min(old_key) from {_redirects(sync)}
            where new_key = moved.key and kind = 'split'
        )"""
    rejected = "moved.rejected_fingerprint is not distinct from model.fingerprint"
    is_anew = f"{str(forced).lower()} and moved.state is not distinct from 'gone'"
    if sync.on_gone == "recreate":
        is_anew = "true"
    execute(
        connection,
        f"""
        create table {candidates(sync)} as
        select
            moved.key, moved.is_desired, moved.is_known, model.fingerprint,
            {record_id} as record_id,
            known.remote_id, known.origin, known.sent, known.observed,
            former.remote_id as former_id,
            {is_anew} as is_anew,
            case when {str(not forced).lower()} and {rejected} then moved.rejected end as rejected,
            successors.winner,
            known_winner.remote_id as winner_id,
            {formerly} as formerly,
            {split_from} as split_from,
            heirlooms.remote_id as heirloom,
            {wanted}
        from (select * from moved where sync = {literal(sync.name)}) as moved
        left join {model_of(sync)} as model on model.{quoted(sync.key)}::varchar = moved.key
        left join known_values as known
            on known.sync = {literal(sync.name)} and known.key = moved.key and moved.is_known
        left join known_values as former
            on former.sync = {literal(sync.name)} and former.key = moved.key
                and former.state in ('archived', 'deleted')
        left join successors
            on successors.sync = {literal(sync.name)} and successors.key = moved.key
        left join known_values as known_winner
            on known_winner.sync = {literal(sync.name)} and known_winner.key = successors.winner
                and known_winner.state in ('live', 'gone')
        -- the record that a new key takes over from one that was merged into it
        left join (
            select successors.winner, min_by(known_loser.remote_id, successors.key) as remote_id
            from successors
            inner join known_values as known_loser
                on known_loser.sync = successors.sync and known_loser.key = successors.key
            where successors.sync = {literal(sync.name)}
            group by successors.winner
        ) as heirlooms on heirlooms.winner = moved.key
    """,
    )


def follows_merges(connection: duckdb.DuckDBPyConnection, sync: Sync) -> bool:
    """Whether the same plan merges records that a sync's may be linked to."""
    query = "select exists(select 1 from changes where operation = 'merge' and sync in ?)"
    [(is_any,)] = connection.execute(query, [[each.links_to for each in sync.links]]).fetchall()
    return bool(is_any)


def take_observed(connection: duckdb.DuckDBPyConnection, sync: Sync) -> None:
    """Take anew what the CRM is known to show of a sync's candidates, from `known_values`."""
    execute(
        connection,
        f"""
        update {candidates(sync)} as candidates set observed = known.observed
        from known_values as known
        where known.sync = {literal(sync.name)} and known.key = candidates.key
            and candidates.is_known
        """,
    )


def take_links(connection: duckdb.DuckDBPyConnection, sync: Sync) -> None:
    """Look up the CRM's ids of the records that a sync's candidates point at.

    Needs the ledger attached. What is planned to be created in the same plan has no id yet
    and counts as coming.
    """
    for column in sync.links:
        target = literal(column.links_to or "")
        pointing = ours(sync, column.field)
        execute(
            connection,
            f"""
            insert into links
            select
                {literal(sync.name)}, candidates.key, {literal(column.field)},
                coalesce(known.remote_id, 'coming: ' || coming.key)
            from {candidates(sync)} as candidates
            left join ledger.records as known
                on known.sync = {target} and known.key = candidates.{pointing}
                    and known.state = 'live'
            left join changes as coming
                on coming.sync = {target} and coming.key = candidates.{pointing}
                    and coming.operation in ('create', 'adopt')
            where coalesce(known.remote_id, coming.key) is not null
        """,
        )


def decide(connection: duckdb.DuckDBPyConnection, sync: Sync, rules: Rules) -> None:
    """Decide what is to be done with each candidate, from what the CRM holds.

    What the CRM would refuse by its rules is held. Needs the ledger attached. The sync's
    candidates are gone afterwards.
    """
    execute(connection, finding.ways(sync))
    is_any_free = _is_any(connection, "ways", "is_free")
    execute(connection, finding.best(sync, is_any_free=is_any_free))
    is_any_doubtful = _is_any(connection, "best", finding.DOUBTFUL)
    execute(connection, finding.bound(sync, is_any_doubtful=is_any_doubtful))
    execute(connection, finding.found(sync))
    execute(connection, judgement.judged(sync))
    [(count,)] = connection.execute("select count(*) from all_judged").fetchall()
    for start in range(0, count, AT_ONCE):
        has_new, has_others = _take_part(connection, start)
        if has_new:
            execute(connection, _creates(sync, rules))
        if has_others:
            execute(connection, _others(sync, rules))
            if sync.contested:
                execute(connection, _questions(sync))
    if sync.on_merged == "merge":
        execute(connection, _hold_merges(sync))
    execute(
        connection,
        f"drop table {candidates(sync)}; drop table all_judged; drop table found; "
        "drop table ways; drop table best; drop table bound",
    )


def _is_any(connection: duckdb.DuckDBPyConnection, table: str, condition: str) -> bool:
    """Whether a table has a row of a kind."""
    query = f"select exists(select 1 from {table} where {condition})"
    [(is_any,)] = connection.execute(query).fetchall()
    return bool(is_any)


def _take_part(connection: duckdb.DuckDBPyConnection, start: int) -> tuple[bool, bool]:
    """Put some of the judged into a table, and say whether there are new ones and others.

    All lie in the order of their keys, so by their places no part need sort or search the rest.
    """
    execute(
        connection,
        "create or replace table judged as select * from all_judged where rowid >= ? and rowid < ?",
        [start, start + AT_ONCE],
    )
    found: tuple[bool, bool] = connection.execute("""
        select bool_or(operation = 'create'), bool_or(operation <> 'create') from judged
    """).fetchall()[0]
    return found


def _redirects(sync: Sync) -> str:
    return f"warehouse.{'.'.join(quoted(part) for part in sync.redirects or ())} as redirects"


def _and_merged_into(sync: Sync) -> str:
    """The chosen keys, and whatever was merged into them, over any number of steps."""
    return f"""
        insert into wanted_keys
        with recursive merged as (
            select key from wanted_keys
            union
            select redirects.old_key as key
            from merged
            inner join {_redirects(sync)} on redirects.new_key = merged.key
            where redirects.kind = 'merged'
        )
        select key from merged where key not in (select key from wanted_keys)
    """


def _successors(sync: Sync) -> str:
    """Into which key those were merged that aren't wanted any more, to the end of the chain.

    One that leads to no key that is wanted has none: it is like any other that has vanished.
    """
    return f"""
        insert into successors
        with recursive wanted as (
            select {quoted(sync.key)}::varchar as key from {model_of(sync)}
        ),
        steps as (
            select moved.key, redirects.new_key as winner
            from moved
            inner join {_redirects(sync)} on redirects.old_key = moved.key
            where moved.sync = {literal(sync.name)} and not moved.is_desired
                and redirects.kind = 'merged'
            union
            select steps.key, redirects.new_key as winner
            from steps
            inner join {_redirects(sync)} on redirects.old_key = steps.winner
            where redirects.kind = 'merged' and steps.winner not in (select key from wanted)
        )
        select {literal(sync.name)}, steps.key, min(steps.winner)
        from steps
        where steps.winner in (select key from wanted)
        group by steps.key
    """


def _hold_merges(sync: Sync) -> str:
    """Hold the merges into keys that have no record and get none by this plan."""
    return f"""
        update changes
        set operation = 'held', cause = 'link', payload = '{{}}', before = null,
            reason = 'it waits for ' || changes.winner || ', into which it is to be merged'
        from {candidates(sync)} as candidates
        where changes.sync = {literal(sync.name)} and changes.operation = 'merge'
            and candidates.key = changes.key and candidates.winner_id is null
            and changes.winner not in (
                select coming.key from changes as coming
                where coming.sync = {literal(sync.name)}
                    and coming.operation in ('create', 'adopt')
            )
    """


def _creates(sync: Sync, rules: Rules) -> str:
    """New records: every field that has a value."""
    conditions, members, written = [], [], []
    for index, column in enumerate(sync.columns):
        value = f"ours_{index}"
        there = f"({linked_id(sync, column)} is not null)" if column.links_to else "true"
        conditions.append(f"{is_created(column, value)} and {there} as writes_{index}")
        members.append(member(column.field, as_json(column, value), f"writes_{index}"))
        written.append(Written(value, f"writes_{index}"))
    return f"""
        insert into changes
        with new as (
            select
                candidates.*, judged.reason, judged.waits,
                {", ".join(conditions)}
            from {candidates(sync)} as candidates
            inner join judged on judged.key = candidates.key
            where judged.operation = 'create'
        ),
        checked as (
            select *, {fault_of_new(sync, rules, written)} as fault from new
        )
        select
            {literal(sync.name)}, key,
            if(fault = '', 'create', 'held'),
            if(fault = '', reason, fault),
            if(fault = '', null, 'invalid'),
            null, 'created', {an_object(members)}, null, waits,
            fingerprint, null, null, null
        from checked
        order by key
    """


def _others(sync: Sync, rules: Rules) -> str:
    """All that isn't new: field by field, what differs and is ours to write."""
    payload, before, written = [], [], []
    for index, column in enumerate(sync.columns):
        value = as_json(column, f"ours_{index}")
        payload.append(member(column.field, value, f"writes_{index}"))
        before.append(member(column.field, field_json("theirs", column.field), f"writes_{index}"))
        written.append(Written(f"ours_{index}", f"writes_{index}"))
    # what was answered is looked at once more, for only what the CRM shows settles a question
    asks = ", ".join(
        f"case when verdict_{index} in {AGAIN} then {literal(column.field)} end"
        for index, column in sync.contested
    )
    return f"""
        insert into changes
        with {_weighed(sync)},
        decided as (
            select
                * exclude (operation, reason, cause),
                operation as judged_operation, reason as judged_reason, cause as judged_cause,
                {an_object(payload)} as payload,
                {an_object(before)} as before,
                {fault_of_known(sync, rules, written)} as fault
            from weighed
        ),
        settled as (
            select
                *,
                case
                    when fault <> '' then 'held'
                    when payload = '{{}}' and judged_operation in ('adopt', 'update')
                        then 'unchanged'
                    else judged_operation
                end as operation
            from decided
        )
        select
            {literal(sync.name)}, key, operation,
            case
                when fault <> '' then fault
                when operation = 'unchanged' then 'the CRM holds it so already'
                else judged_reason
            end,
            if(fault = '', judged_cause, 'invalid'),
            coalesce(found_id, remote_id),
            -- what people merged ours into, or made in its place, is theirs
            if(found_id <> remote_id, 'adopted', coalesce(origin, 'adopted')),
            if(operation = 'merge', '{{"{MERGED_INTO}":' || to_json(winner) || '}}', payload),
            case
                when operation in ('archive', 'delete', 'merge') then theirs::varchar
                when payload <> '{{}}' then before
            end,
            {f"concat_ws(', ', nullif(waits, ''), {asks})" if asks else "waits"},
            fingerprint,
            sent::varchar, observed::varchar, winner
        from settled
        -- what goes into one record goes out together
        order by operation, winner, key
    """


def _questions(sync: Sync) -> str:
    """What people are to be asked, and what they need not be asked any more."""
    asked = " union all ".join(
        f"""
        select
            {literal(sync.name)}, key, {literal(column.field)}, ours_{index}, theirs_{index},
            {_hash_of(sync, column)(f"side_{index}")}, {_hash_of(sync, column)(f"theirs_{index}")},
            coalesce(verdict_{index} = 'ask', false)
        from weighed
        where verdict_{index} = 'ask'
            -- what was answered is settled when it is seen to be there, and what isn't wanted
            -- any more needs no answer
            or (
                state_{index} in ('open', 'answered')
                and (verdict_{index} in ('ours', 'leave') or operation not in {ARGUED})
            )
        """
        for index, column in sync.contested
    )
    return f"insert into questions with {_weighed(sync)} {asked}"


def _weighed(sync: Sync) -> str:
    """CTEs: what isn't new with its fields side by side, and whether each is to be written."""
    marks = {"winner is null": dict(sync.flag), "winner is not null": dict(sync.merged_flag)}
    compared, conditions, joins = [], [], []
    for index, column in enumerate(sync.columns):
        wanted = f"candidates.ours_{index}"
        # a link is compared by the CRM's own id, and travels as our key until it goes out
        side = linked_id(sync, column) if column.links_to else wanted
        sent = field_text("candidates.sent", column.field)
        observed = field_text("candidates.observed", column.field)
        seen = has_field("candidates.observed", column.field)
        sides = Sides(f"side_{index}", f"theirs_{index}", f"sent_{index}", f"expected_{index}")
        condition = f"operation in ('adopt', 'update') and {is_written(column, sides)}"
        if column.owner in CONTESTED:
            condition = f"coalesce(verdict_{index} in ('ours', 'answered', 'value'), false)"
        for whose, flag in marks.items():
            if column.field in flag:
                mark = literal(flag[column.field])
                wanted = f"if(judged.operation = 'flag' and {whose}, {mark}, {wanted})"
                marked = f"operation = 'flag' and {whose} and sent_{index} is distinct from {mark}"
                condition = f"({condition} or {marked})"
        compared += [
            f"{wanted} as ours_{index}",
            f"{side} as side_{index}",
            f"{field_text('theirs.fields', column.field)} as theirs_{index}",
            f"{sent} as sent_{index}",
            f"case when {seen} then {observed} else {sent} end as expected_{index}",
        ]
        if column.owner in CONTESTED:
            compared += _asked(column, index)
            joins.append(_asked_of(sync, column, index))
        conditions.append(f"{condition} as writes_{index}")
    contested = [_verdict(sync, column, index) for index, column in sync.contested]
    given = ", ".join(
        f"if(verdict_{index} = 'value', value_{index}, ours_{index}) as ours_{index}"
        for index, _ in sync.contested
    )
    return f"""
        met as (
            select
                candidates.* exclude (sent, observed),
                -- of another record than the one we wrote, nothing is as we left it
                if(found_id <> remote_id, null, sent) as sent,
                if(found_id <> remote_id, null, observed) as observed
            from {candidates(sync)} as candidates
            inner join judged on judged.key = candidates.key
            where judged.operation <> 'create'
        ),
        compared as (
            select
                judged.*,
                candidates.remote_id, candidates.origin, candidates.fingerprint,
                candidates.sent, candidates.observed, candidates.winner,
                theirs.fields as theirs,
                {", ".join(compared)}
            from met as candidates
            inner join judged on judged.key = candidates.key
            left join theirs
                on theirs.sync = {literal(sync.name)} and theirs.remote_id = judged.found_id
            {" ".join(joins)}
        ),
        argued as (
            select {", ".join(["*", *contested])} from compared
        ),
        weighed as (
            select * {f"replace ({given})" if given else ""}, {", ".join(conditions)} from argued
        )
    """


def _asked(column: Column, index: int) -> Iterator[str]:
    """What the columns of a contested field hold beside its sides."""
    for name in ("state", *_OF_AN_ANSWER):
        yield f"asked_{index}.{name} as {name}_{index}"
    ours_at = f"candidates.ours_at_{index}" if column.changed_at else "null::bigint"
    yield f"{ours_at} as ours_at_{index}"
    theirs_at = "null::bigint"
    if column.changed_at_field:
        at = field_text("theirs.fields", column.changed_at_field)
        theirs_at = f"epoch_us(try_cast({at} as timestamptz))"
    yield f"{theirs_at} as theirs_at_{index}"


def _asked_of(sync: Sync, column: Column, index: int) -> str:
    return f"""left join asked as asked_{index}
        on asked_{index}.sync = {literal(sync.name)} and asked_{index}.key = candidates.key
            and asked_{index}.field = {literal(column.field)}
    """


def _verdict(sync: Sync, column: Column, index: int) -> str:
    names = ("side", "theirs", "sent", "expected", "ours_at", "theirs_at")
    sides = Sides(*(f"{name}_{index}" for name in names))
    asked = Question(*(f"{name}_{index}" for name in _OF_AN_ANSWER))
    said = verdict(column, sides, _hash_of(sync, column), asked)
    return f"case when operation in ('adopt', 'update') then {said} end as verdict_{index}"


def _hash_of(sync: Sync, column: Column) -> HashOf:
    """Hashes of a field's values; two records with the same value have different ones.

    As `reverse_etl.ledger.reviews.hash_of` has them.
    """
    before, after = literal(f"{sync.name}\n"), literal(f"\n{column.field}\n")
    return lambda value: f"sha256({before} || key || {after} || coalesce({value}, ''))"
