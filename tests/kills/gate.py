"""Stands between a process and its CRM: knows what was sent, and shoots at the n-th request."""

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from signal import Signals
from typing import Any, Literal

from tests.crm.faults import Proxy

Moment = Literal[
    "arrived",  # the request is here, and what is killed now never reaches the server
    "carried out",  # the server has done it, and nobody has heard of it
    "answered",  # the answer is on its way; what came of it is about to be written down
]
Counted = Literal["requests", "writes"]
Fate = Literal["done", "refused", "dropped"]

SHORTLY = (0.0, 0.002, 0.005, 0.01, 0.02)
"""Seconds after an answer at which a process may be met writing it down."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One record in one write request."""

    record: str
    """Our key of it where there is one in the request, else the CRM's id."""
    what: str
    """What was to be done with it, in full: the same again is the same text."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of a record that was sent, as the server knows it."""

    run: int
    sent: Sent
    fate: Fate


ReadWrites = Callable[[str, str, bytes], Sequence[Sent]]
ReadFates = Callable[[int, bytes, Sequence[Sent]], Sequence[Fate]]


@dataclass(slots=True)
class Shot:
    """A signal for a process, fired once."""

    signal: Signals
    process: "subprocess.Popen[bytes] | None" = None
    has_hit: bool = False
    requests_before: int = 0
    writes: int = 0
    """Those before it, and the one that it met."""

    def fire(self, requests_before: int, writes: int) -> None:
        """Send the signal, if the process still lives."""
        if self.process is not None and not self.has_hit and self.process.poll() is None:
            self.has_hit = True
            self.requests_before, self.writes = requests_before, writes
            self.process.send_signal(self.signal)


@dataclass(frozen=True, slots=True)
class Aim:
    """Where in the process's life the shot falls."""

    counted: Counted
    number: int
    moment: Moment
    delay: float
    """Seconds after an answer."""


NOWHERE = Aim("requests", 0, "arrived", 0.0)


class Gate(Proxy):
    """A proxy that counts requests, remembers each record written, and shoots."""

    def __init__(self, target: str, read_writes: ReadWrites, read_fates: ReadFates) -> None:
        self._seen: list[Seen] = []
        self.run = 0
        self.requests = 0
        self.writes = 0
        self._read_writes = read_writes
        self._read_fates = read_fates
        self._aim: tuple[Aim, Shot] | None = None
        self._connections = 0
        self._changed = threading.Condition()
        super().__init__(target)
        self._server.handle_error = _say_unless_cut  # type: ignore[method-assign]  # its only hook
        self._finish_request = self._server.finish_request
        self._server.finish_request = self._serve  # type: ignore[method-assign]  # its only hook

    def begin(self) -> None:
        """Count anew: another process begins."""
        with self._changed:
            self.run += 1
            self.requests = self.writes = 0
            self._aim = None

    def aim(self, aim: Aim, shot: Shot) -> None:
        """Fire at that request of the process that is about to begin."""
        with self._changed:
            self._aim = (aim, shot)

    def take_seen(self) -> list[Seen]:
        """The records written since this was last asked."""
        seen, self._seen = self._seen, []
        return seen

    def settle(self) -> None:
        """Wait until the server is through with whatever a process that has ended left behind."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._connections == 0, timeout=60)
            self._aim = None

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        if len(body) < int(headers.get("Content-Length") or 0):
            raise ConnectionAbortedError  # its sender was killed in the middle of it
        sent = self._read_writes(method, path, body)
        with self._changed:
            self.requests += 1
            self.writes += bool(sent)
            so_far = (self.requests - 1, self.writes)
            aim, shot = self._aimed(is_write=bool(sent))
            run = self.run
        fates: Sequence[Fate] = ["dropped"] * len(sent)
        try:
            if shot and aim.moment == "arrived":
                shot.fire(*so_far)
                if shot.has_hit and shot.signal is Signals.SIGKILL:
                    raise ConnectionAbortedError
            answer = super().forward(method, path, headers, body)
            fates = self._read_fates(answer[0], answer[2], sent) if sent else []
        finally:
            with self._changed:
                pairs = zip(sent, fates, strict=True)
                self._seen += [Seen(run, each, fate) for each, fate in pairs]
        if shot and aim.moment == "carried out":
            shot.fire(*so_far)
        if shot and aim.moment == "answered":
            threading.Timer(aim.delay, shot.fire, so_far).start()
        return answer

    def _serve(self, request: Any, address: Any) -> None:
        """Serve one connection until its end, which comes with its process's at the latest."""
        with self._changed:
            self._connections += 1
        try:
            self._finish_request(request, address)
        finally:
            with self._changed:
                self._connections -= 1
                self._changed.notify_all()

    def _aimed(self, *, is_write: bool) -> tuple[Aim, Shot | None]:
        """The shot that this request is for, if it is for one."""
        if self._aim is None:
            return NOWHERE, None
        aim, shot = self._aim
        is_counted = is_write or aim.counted == "requests"
        count = self.requests if aim.counted == "requests" else self.writes
        return aim, shot if is_counted and count == aim.number else None


def _say_unless_cut(_request: Any, _address: Any) -> None:
    error = sys.exc_info()[1]
    if not isinstance(error, OSError):
        sys.excepthook(type(error), error, error.__traceback__)  # type: ignore[arg-type,union-attr]
