"""What stops the engine, and the exit code each has.

Messages say what, which sync or record (its key, never its values) and what to do next.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the exit code of every command means."""

    DONE = 0
    FAILED = 1
    """Something went wrong, and nothing can be said of the rest."""
    USAGE = 2
    """Usage or configuration."""
    PARTLY = 3
    """Partly done: rejects in the queue, conflicts, held records; or it was asked to stop."""
    STOPPED = 4
    """A guard stopped it; nothing was sent."""


class SyncError(Exception):
    """The base: something that a person must read."""

    exit_code = ExitCode.FAILED


class SyncConfigurationError(SyncError):
    """A sync, its model or a setting is wrong."""

    exit_code = ExitCode.USAGE


class StoppedError(SyncError):
    """A guard stopped the sync before anything was sent."""

    exit_code = ExitCode.STOPPED


class HeldByAnotherError(SyncError):
    """Another process is applying this sync."""


class LedgerError(SyncError):
    """The ledger can't be read or written."""


class UnsettledError(SyncError):
    """What became of a record isn't known yet, so what is known of it can't be erased."""
