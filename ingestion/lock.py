"""One run of a source at a time: two would land the same rows twice."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ingestion.errors import SourceError


@contextmanager
def held(
    path: Path, what: str, patience: float, *, sleep: Callable[[float], None] = time.sleep
) -> Iterator[None]:
    """Hold a lock file; the system lets it go when the process ends, however it ends.

    Raises:
        SourceError: another process held it for longer than `patience` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="ascii") as file:
        waited, pause = 0.0, 0.1
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if waited >= patience:
                    file.seek(0)
                    raise SourceError(
                        f"{what} is being read by process {file.read().strip() or '?'}; "
                        f"waited {waited:.0f} s. Let it finish, or end it, and try again"
                    ) from error
                sleep(pause)
                waited += pause
                pause = min(pause * 2, 2.0)
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield
