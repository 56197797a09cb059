"""Whom an erasure is about, and how long values are kept: what the ledger itself can't say."""

from collections.abc import Iterable

import duckdb

from crm.settings import Settings
from reverse_etl.errors import SyncConfigurationError
from reverse_etl.plan.fields import quoted
from reverse_etl.syncs import Sync


def keys_of(connection: duckdb.DuckDBPyConnection, syncs: Iterable[Sync], key: str) -> list[str]:
    """The key, and all that were merged with it: one customer, whichever of them is asked for.

    Needs the warehouse attached.

    Raises:
        SyncConfigurationError: a model of redirects can't be read.
    """
    family = {key}
    for schema, table in sorted({sync.redirects for sync in syncs if sync.redirects}):
        redirects = f"warehouse.{quoted(schema)}.{quoted(table)}"
        try:
            found = connection.execute(
                f"""
                with recursive family(key) as (
                    select ?::varchar
                    union
                    select if(old_key = family.key, new_key, old_key)
                    from {redirects} as redirects
                    inner join family on family.key in (old_key, new_key)
                    where kind = 'merged'
                )
                select key from family
                """,
                [key],
            ).fetchall()
        except duckdb.Error as error:
            raise SyncConfigurationError(
                f"which keys were merged with {key} is in {schema}.{table}, which can't be read; "
                f"run `dbt build --select +{table}` first"
            ) from error
        family.update(each for (each,) in found)
    return sorted(family)


def age_of(older_than: str | None) -> str:
    """How old values may become: as it was asked for, or `[retention] values_days`.

    Raises:
        SyncConfigurationError: neither says it.
    """
    if older_than is not None:
        return older_than
    days: object = Settings().get("retention.values_days")
    if days is None:
        raise SyncConfigurationError(
            "how old may values become? Say --older-than 90d, or set `values_days` under "
            "[retention] in .dlt/config.toml"
        )
    return f"{days}d"
