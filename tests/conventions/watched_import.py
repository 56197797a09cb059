"""Imports the modules it is given and prints what they themselves touched while they were imported.

Run in a process of its own: an audit hook can't be taken back.
"""

import importlib
import sys
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent.parent
TOUCHING = {
    "open",
    "os.chmod",
    "os.listdir",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.scandir",
    "os.system",
    "os.unlink",
    "socket.bind",
    "socket.connect",
    "socket.getaddrinfo",
    "sqlite3.connect",
    "subprocess.Popen",
}


def ours(frame: FrameType | None) -> str | None:
    """Where in the project's own code an event began; None if a library did it by itself."""
    while frame is not None:
        file = frame.f_code.co_filename
        # the import machinery reads files, and a library's own import is its own affair
        if file.startswith("<frozen importlib"):
            return None
        if file.startswith(f"{ROOT}/") and ".venv" not in file and file != __file__:
            return f"{Path(file).relative_to(ROOT)}:{frame.f_lineno}"
        frame = frame.f_back
    return None


def main() -> None:
    """Import what the command line names."""
    touched: set[str] = set()
    is_watching = True

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if is_watching and event in TOUCHING:
            place = ours(sys._getframe(1))
            if place:
                touched.add(f"{place} {event} {arguments[:1]}")

    sys.addaudithook(watch)
    for name in sys.argv[1:]:
        importlib.import_module(name)
    is_watching = False
    sys.stdout.write("\n".join(sorted(touched)))


if __name__ == "__main__":
    main()
