"""A plan that changes too much stops until a person has looked at it."""

from collections.abc import Mapping
from dataclasses import dataclass

from reverse_etl.syncs import Limit, Sync

REMOVALS = ("archive", "delete")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a plan may not be applied as it is; empty if it may."""

    sync: str
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether it may."""
        return not self.reasons


def judge(sync: Sync, operations: Mapping[str, int], *, desired: int, known: int) -> Verdict:
    """Hold the number of each operation of the whole plan against the sync's limits.

    Args:
        sync: whose guard it is.
        operations: how many records per operation.
        desired: rows of the sync model.
        known: records that the ledger knows to be in the CRM.
    """
    guard = sync.guard
    reasons = []
    if desired < guard.min_rows:
        reasons.append(
            f"the model has {desired} rows, and at least {guard.min_rows} are expected: "
            "is a source empty?"
        )
    counts = {
        "creates": operations.get("create", 0),
        "updates": operations.get("update", 0) + operations.get("adopt", 0),
        "archives": sum(operations.get(name, 0) for name in REMOVALS),
    }
    limits: dict[str, Limit] = {
        "creates": guard.creates,
        "updates": guard.updates,
        "archives": guard.archives,
    }
    for what, count in counts.items():
        limit = limits[what]
        if count > limit.above and count > limit.share * known:
            share = f"{count / known:.0%} of the {known} known" if known else "none is known yet"
            reasons.append(
                f"{count} {what} ({share}); more than {limit.share:.0%} and more than "
                f"{limit.above} want a look first"
            )
    return Verdict(sync.name, tuple(reasons))
