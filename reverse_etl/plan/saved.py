"""A plan in a file: to be read by a person, and then applied exactly.

The file is Parquet, so anything can read it. It holds personal data and is
readable by its owner alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import orjson

from reverse_etl.clock import World
from reverse_etl.errors import SyncConfigurationError
from reverse_etl.plan.fields import literal
from reverse_etl.plan.planner import SENDING, Plan
from reverse_etl.plan.room import execute
from reverse_etl.syncs import Sync

FORMAT = 1
_ABOUT = "tongke_plan"


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan that was saved."""

    path: Path
    plan_id: str
    made_at: str
    mappings: Mapping[str, str]
    """The mapping's hash of each sync."""
    verdicts: Mapping[str, Sequence[str]]
    """What the guard said of each sync."""
    undoes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The runs that it undoes, by sync; none if it brings what the models say."""

    def keys(self) -> list[str]:
        """All keys that it names."""
        rows = duckdb.execute(
            "select distinct key from read_parquet(?) order by key", [str(self.path)]
        ).fetchall()
        return [key for (key,) in rows]

    def check(self, syncs: Mapping[str, Sync]) -> list[Sync]:
        """The syncs that it is of, if they still are what they were.

        Raises:
            SyncConfigurationError: a sync is gone, or its mapping has changed.
        """
        for name, mapping in self.mappings.items():
            if name not in syncs:
                raise SyncConfigurationError(f"{self.path}: there is no sync {name} any more")
            if syncs[name].mapping_hash != mapping:
                raise SyncConfigurationError(
                    f"{self.path}: the mapping of {name} has changed since; make a new plan"
                )
        return [sync for name, sync in syncs.items() if name in self.mappings]

    def restrict(self, plan: Plan, sync: Sync) -> None:
        """Leave in a plan made now exactly what this one says.

        What has moved since becomes a conflict; what this one doesn't name goes. A link that
        can't be made now may be missing: it follows when the other record is there.
        """
        links = literal(orjson.dumps({column.field: None for column in sync.links}).decode())

        def unlinked(side: str) -> str:
            return f"json_merge_patch({side}, {links})"

        same = " and ".join(
            f"{unlinked('now.' + name)} is not distinct from {unlinked('saved.' + name)}"
            for name in ("payload", "before")
        )
        connection = plan.connection
        execute(
            connection,
            "create or replace temp table saved as select * from read_parquet(?) where sync = ?",
            [str(self.path), sync.name],
        )
        execute(
            connection,
            "delete from changes where sync = ? and key not in (select key from saved)",
            [sync.name],
        )
        execute(
            connection,
            f"""
            update changes as now
            set operation = 'conflict', reason = 'it has moved since the plan was made'
            from saved
            where now.sync = ? and saved.key = now.key and now.operation <> 'unchanged'
                and not (
                    now.operation = saved.operation
                    and now.remote_id is not distinct from saved.remote_id
                    and {same}
                )
            """,
            [sync.name],
        )


def save(
    plan: Plan,
    syncs: Sequence[Sync],
    verdicts: Mapping[str, Sequence[str]],
    path: Path,
    world: World,
    undoes: Mapping[str, Sequence[str]] | None = None,
) -> SavedPlan:
    """Write what a plan would send into a file, readable by its owner alone."""
    saved = SavedPlan(
        path,
        world.new_id(),
        world.now(),
        {sync.name: sync.mapping_hash for sync in syncs},
        verdicts,
        undoes or {},
    )
    about = orjson.dumps(
        {
            "format": FORMAT,
            "plan_id": saved.plan_id,
            "made_at": saved.made_at,
            "mappings": saved.mappings,
            "verdicts": saved.verdicts,
            "undoes": saved.undoes,
        }
    ).decode()
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.touch(mode=0o600)
    sending = ", ".join(literal(name) for name in SENDING)
    execute(
        plan.connection,
        f"""
        copy (
            select sync, key, operation, reason, remote_id, payload, before
            from changes where operation in ({sending}) order by all
        ) to {literal(str(unfinished))}
        (format parquet, kv_metadata {{{_ABOUT}: {literal(about)}}})
    """,
    )
    unfinished.chmod(0o600)
    unfinished.replace(path)
    return saved


def load(path: Path) -> SavedPlan:
    """A plan from its file.

    Raises:
        SyncConfigurationError: there is none, or the file is something else.
    """
    try:
        rows = duckdb.execute(
            "select value from parquet_kv_metadata(?) where key = ?", [str(path), _ABOUT.encode()]
        ).fetchall()
    except duckdb.Error as error:
        raise SyncConfigurationError(f"{path} can't be read as a plan: {error}") from error
    about: dict[str, Any] = orjson.loads(rows[0][0]) if rows else {}
    if about.get("format") != FORMAT:
        raise SyncConfigurationError(f"{path} is not a plan that this program saved")
    return SavedPlan(
        path,
        about["plan_id"],
        about["made_at"],
        about["mappings"],
        about["verdicts"],
        about.get("undoes", {}),
    )
