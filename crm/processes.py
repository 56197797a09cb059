"""Who holds something that others wait for, and whether they still live."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Holder:
    """A process: a pid alone may have been given to somebody else since."""

    host: str
    pid: int
    started: str


def this_process() -> Holder:
    """Ourselves."""
    pid = os.getpid()
    return Holder(socket.gethostname(), pid, _started(pid))


def is_alive(holder: Holder) -> bool:
    """Whether the process still runs; of another machine's process, nobody can say it doesn't."""
    if holder.host != socket.gethostname():
        return True
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it lives, and is somebody else's
    return _started(holder.pid) == holder.started


def _started(pid: int) -> str:
    """When the process started, in the kernel's own count; empty where there is no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # the second field is the program's name in brackets, which may hold anything
    fields = stat.rpartition(")")[2].split()
    # a zombie has ended, though its parent hasn't asked for it yet
    return "ended" if fields[0] == "Z" else fields[19]
