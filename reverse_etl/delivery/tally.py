"""What came of a delivery, counted."""

from dataclasses import dataclass

COUNTED = {
    "create": "created",
    "adopt": "adopted",
    "update": "updated",
    "merge": "merged",
    "archive": "archived",
    "delete": "deleted",
    "restore": "restored",
    "release": "released",
    "withdraw": "withdrawn",
}


@dataclass(slots=True)
class Tally:
    """What came of a delivery, in records."""

    created: int = 0
    adopted: int = 0
    updated: int = 0
    merged: int = 0
    archived: int = 0
    deleted: int = 0
    restored: int = 0
    """Got back in some of their fields what an earlier run had found there."""
    released: int = 0
    """The same of records that had been adopted; they aren't ours any more."""
    withdrawn: int = 0
    """Were created by an earlier run, and removed again."""
    rejected: int = 0
    gone: int = 0
    waiting: int = 0
    """Held until the record exists that they must be linked to."""
    not_written: int = 0
    unknown: int = 0
    requests: int = 0
    """Write requests, repeated ones included."""
    stopped: str | None = None
    """Why the delivery ended before its end."""

    @property
    def written(self) -> int:
        """Records that the CRM said it wrote."""
        return sum(getattr(self, name) for name in COUNTED.values())

    @property
    def is_whole(self) -> bool:
        """Whether everything that was to be written was."""
        open_ends = self.rejected + self.gone + self.waiting + self.not_written + self.unknown
        return open_ends == 0 and self.stopped is None
