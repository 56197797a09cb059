"""A plan that changes too much stops until a person has looked at it."""

from collections.abc import Iterator
from dataclasses import dataclass

from reverse_etl.plan.planner import Counts
from reverse_etl.syncs import Limit, Sync

REWRITES = ("update", "adopt", "restore", "release")
REMOVALS = ("flag", "withdraw", "archive", "delete")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a plan may not be applied as it is; empty if it may."""

    sync: str
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether it may."""
        return not self.reasons


def judge(sync: Sync, counts: Counts) -> Verdict:
    """Hold the numbers of the whole plan against the sync's limits."""
    return Verdict(sync.name, tuple(_reasons(sync, counts)))


def exceeds(count: int, limit: Limit, whole: int) -> bool:
    """Whether a count is more than a limit allows, in number and as a share of the whole."""
    return count > limit.above and count > limit.share * whole


def _reasons(sync: Sync, counts: Counts) -> Iterator[str]:
    guard, known = sync.guard, counts.known
    if counts.desired < guard.min_rows:
        yield (
            f"the model has {counts.desired} rows, and at least {guard.min_rows} are expected: "
            "is a source empty?"
        )
    planned = counts.operations
    changes = {
        "creates": (planned.get("create", 0), guard.creates),
        "updates": (sum(planned.get(name, 0) for name in REWRITES), guard.updates),
        "merges": (planned.get("merge", 0), guard.merges),
        "archives": (sum(planned.get(name, 0) for name in REMOVALS), guard.archives),
    }
    for what, (count, limit) in changes.items():
        if exceeds(count, limit, known):
            share = f"{count / known:.0%} of the {known} known" if known else "none is known yet"
            yield f"{count} {what} ({share}); {_wanted(limit)}"
    for name, count in counts.clears.items():
        if exceeds(count, guard.clears, known):
            yield (
                f"{name} would be emptied in {count} of {known} records: "
                f"did a source lose a column? {_wanted(guard.clears).capitalize()}"
            )
    if exceeds(counts.refused, guard.rejects, counts.desired):
        yield (
            f"the CRM would refuse, or has refused, {counts.refused} of the {counts.desired} "
            f"records; {_wanted(guard.rejects)}"
        )


def _wanted(limit: Limit) -> str:
    return f"more than {limit.share:.0%} and more than {limit.above} want a look first"
