"""Budgets in files, so that all processes of a machine draw on the same ones.

A file is one line: a checksum and JSON of less than a page, read and written anew for every
request under a lock that the system lets go of when its holder dies. A write of less than
a page is carried out whole or not at all, whenever its process is killed; what a power cut
may leave of it is told by the checksum, and then a whole window is waited for.
"""

import fcntl
import hashlib
import os
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from crm.budget import Budget, InMemory, Store
from crm.errors import ConfigurationError
from crm.processes import Holder, is_alive, this_process
from crm.quota import Left, Quota, Rate
from crm.runtime import Runtime

DEFAULT_FOLDER = "var/quota"
OFF = "off"
FORMAT = 1
MOST_BYTES = 1 << 15
LONGEST_REQUEST = 900.0
"""Seconds after which a request of somebody who can't be looked for won't end any more."""

_BUDGET = tuple(each.name for each in fields(Budget))


def quota_folder() -> Path | None:
    """The folder of the budgets' files: TONGKE_QUOTA, or var/quota; None if that says off."""
    given = os.environ.get("TONGKE_QUOTA", DEFAULT_FOLDER)
    return None if given == OFF else Path(given)


@dataclass(frozen=True, slots=True)
class Account:
    """Whose budgets they are."""

    connection: str
    """The name it has in the settings, for people."""
    base_url: str
    identity: str = ""
    """What tells accounts at one address apart; may be a secret that is too long to be guessed."""

    def file_name(self, budget: str) -> str:
        """Name the file of one of its budgets; "" is the one that most requests draw on."""
        address = urlsplit(self.base_url)
        host = re.sub(r"[^\w.-]", "_", f"{address.hostname}_{address.port or ''}".rstrip("_"))
        whole = f"{self.base_url.rstrip('/')}\n{self.identity}"
        digest = hashlib.sha256(whole.encode()).hexdigest()[:12]
        return f"{host}-{digest}{'.' * bool(budget)}{budget}.json"


def open_store(account: Account, budget: str, rate: Rate, runtime: Runtime) -> Store:
    """Open one budget of an account, to be shared if the settings don't say otherwise.

    Raises:
        ConfigurationError: its file can't be written.
    """
    folder = quota_folder()
    if folder is None:
        return InMemory()
    about = {"connection": account.connection, "budget": budget, "rate": asdict(rate)}
    return BudgetFile(folder / account.file_name(budget), runtime, about)


class BudgetFile:
    """One budget in a file."""

    def __init__(
        self,
        path: Path,
        runtime: Runtime,
        about: dict[str, Any],
        *,
        process: Holder | None = None,
        boot: str | None = None,
        is_alive: Callable[[Holder], bool] = is_alive,
    ) -> None:
        self._path = path.absolute()
        self._runtime = runtime
        self._about = about
        self._boot = _this_boot() if boot is None else boot
        self._is_alive = is_alive
        me = process or this_process()
        self.me = " ".join((me.host, str(me.pid), me.started or "-", self._boot or "-"))
        with _locked(self._path):
            pass

    @contextmanager
    def changing(self) -> Iterator[Budget]:
        """Give the budget while no other process and no other thread has it."""
        with _locked(self._path) as file:
            budget = self._parsed(os.pread(file, MOST_BYTES, 0))
            yield budget
            os.pwrite(file, self._line(budget), 0)

    def read(self) -> Budget:
        """Give a copy of the budget."""
        with _locked(self._path) as file:
            return self._parsed(os.pread(file, MOST_BYTES, 0))

    def lost(self, budget: Budget) -> list[str]:
        """Name those whose process has ended, or whom we can't look for and who are silent."""
        now = self._runtime.monotonic()
        return [
            name
            for name, (_, since) in budget.under_way.items()
            if name != self.me and (self._has_ended(name) or since + LONGEST_REQUEST < now)
        ]

    def _has_ended(self, name: str) -> bool:
        host, pid, started, boot = name.split(" ")
        mine = self.me.split(" ")
        if host == mine[0] and boot != mine[3]:
            return True
        return not self._is_alive(Holder(host, int(pid), "" if started == "-" else started))

    def _line(self, budget: Budget) -> bytes:
        content = {
            "format": FORMAT,
            **self._about,
            "boot": self._boot,
            "at": (self._runtime.monotonic(), self._runtime.now()),
            # by position: half the time that names would take
            "state": [getattr(budget, name) for name in _BUDGET],
        }
        text = orjson.dumps(content)
        return b"%08x %s\n" % (zlib.crc32(text), text)

    def _parsed(self, data: bytes) -> Budget:
        if not data:
            return Budget()
        content = _content(data)
        if content is None:
            # nobody knows what was sent; a window ago it doesn't matter
            return Budget(paused_until=self._runtime.monotonic() + self._about["rate"]["window"])
        budget = Budget(*content["state"])
        budget.under_way = {name: (n, since) for name, (n, since) in budget.under_way.items()}
        monotonic, wall = content["at"]
        now = self._runtime.monotonic()
        if content["boot"] != self._boot or now < monotonic:
            # another boot's clock: what passed in between is told by the time of day, and if that
            # went backwards, nothing did
            _shift(budget, now - monotonic - max(0.0, self._runtime.now() - wall))
        return budget


@dataclass(frozen=True, slots=True)
class Drawn:
    """A budget that was drawn on."""

    connection: str
    budget: str
    """"" is the one that most requests draw on."""
    used_at: float
    """When it was last drawn on, in seconds since 1970."""
    left: Left


def read_budgets(runtime: Runtime | None = None) -> list[Drawn]:
    """What is left of every budget that was ever drawn on from here.

    Raises:
        ConfigurationError: a file can't be read.
    """
    folder = quota_folder()
    runtime = runtime or Runtime()
    found = []
    for path in sorted(folder.glob("*.json")) if folder is not None else []:
        with _locked(path) as file:
            content = _content(os.pread(file, MOST_BYTES, 0))
        if content is None:
            continue
        about = {name: content[name] for name in ("connection", "budget", "rate")}
        quota = Quota(Rate(**about["rate"]), runtime, BudgetFile(path, runtime, about))
        found.append(Drawn(about["connection"], about["budget"], content["at"][1], quota.left()))
    return found


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Open a file, made if need be, while nobody else has it.

    It is opened each time, so that one that somebody removed is soon nobody's.
    """
    try:
        file = _open(path)
        try:
            # nobody keeps it for longer than a reading and a writing of one page
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)
    except OSError as error:
        raise ConfigurationError(
            f"{path}: all processes keep there what is left of the CRM's quota, and it can't be "
            f"written ({error.strerror}): mend that, or name another folder in TONGKE_QUOTA, or "
            f"set that to {OFF} if this process has the account for itself"
        ) from None


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o600)


def _content(data: bytes) -> dict[str, Any] | None:
    """Read a file; None if it isn't one that this program wrote whole."""
    # a longer line before it may have left its end behind
    checksum, _, text = data.partition(b"\n")[0].partition(b" ")
    try:
        if int(checksum, 16) != zlib.crc32(text):
            return None
        content: dict[str, Any] = orjson.loads(text)
    except ValueError:
        return None
    return content if content["format"] == FORMAT else None


def _shift(budget: Budget, seconds: float) -> None:
    budget.next += seconds
    budget.paused_until += seconds
    budget.under_way = {
        name: (count, since + seconds) for name, (count, since) in budget.under_way.items()
    }
    budget.answered = [(moment + seconds, count) for moment, count in budget.answered]


def _this_boot() -> str:
    """Name the time since the machine was started; empty where it has no name."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
