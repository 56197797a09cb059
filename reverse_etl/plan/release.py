"""Which of a plan's changes go out now; the others stay planned.

A share is taken by the key alone, so that a wider one has all of the narrower: what 5 % brought
on its way, 10 % keeps up to date.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from reverse_etl.errors import SyncConfigurationError
from reverse_etl.plan.planner import SENDING, Plan
from reverse_etl.plan.room import execute
from reverse_etl.syncs import Sync

PARTS = 1_000_000
"""A percentage counts to its fourth decimal."""


@dataclass(frozen=True, slots=True)
class Release:
    """What goes out: everything by default, and each setting narrows it."""

    percent: float | None = None
    """Of the keys, by a stable hash of each."""
    keys: AbstractSet[str] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether everything goes out."""
        return self.percent is None and self.keys is None

    def restrict(self, plan: Plan, sync: Sync) -> None:
        """Leave in a sync's plan only what goes out now, apart from what sends nothing anyway.

        What isn't created by this release isn't on its way for the syncs that link to it either.
        """
        conditions = []
        values: list[object] = [sync.name, list(SENDING)]
        if self.percent is not None:
            # md5 is the same in every version of every engine; eight digits spread evenly enough
            # a key goes with the one that it was merged into
            whose = "md5(coalesce(winner, key))"
            conditions.append(f"cast('0x' || substr({whose}, 1, 8) as ubigint) % {PARTS} < ?")
            values.append(round(self.percent * PARTS / 100))
        if self.keys is not None:
            # both of two keys that become one must be named
            for name in ("key", "coalesce(winner, key)"):
                conditions.append(f"{name} in (select unnest(?))")
                values.append(sorted(self.keys))
        if conditions:
            execute(
                plan.connection,
                "delete from changes where sync = ? and list_contains(?, operation) "
                f"and not ({' and '.join(conditions)})",
                values,
            )


def read_keys(path: Path) -> frozenset[str]:
    """The keys of a file, one a line.

    Raises:
        SyncConfigurationError: there is no such file, it isn't text, or it names no key.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SyncConfigurationError(f"{path} can't be read as a list of keys: {error}") from error
    keys = frozenset(line.strip() for line in lines if line.strip())
    if not keys:
        raise SyncConfigurationError(f"{path} names no key; write one a line")
    return keys
