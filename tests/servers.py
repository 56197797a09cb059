"""Servers and programs that some tests need and pip doesn't install.

`python -m tests.servers install` installs them on Debian, as root. Each test starts its
own server in a temporary folder, on a free port of the loopback interface, and ends it.
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_PATIENCE = 60.0
_USERS = ("postgres", "nobody")


class ServerMissingError(Exception):
    """A server's programs aren't on this machine."""


@dataclass(frozen=True, slots=True)
class PostgreSql:
    """A running PostgreSQL."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Its address for SQLAlchemy."""
        return f"postgresql+psycopg2://tongke@127.0.0.1:{self.port}/postgres"


def postgresql_program(name: str) -> Path | None:
    """Where a program of PostgreSQL is: Debian keeps most of them off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=_version)
    if found:
        return found[-1]
    on_path = shutil.which(name)
    return Path(on_path) if on_path else None


@contextmanager
def postgresql(folder: Path) -> Iterator[PostgreSql]:
    """Run a new PostgreSQL in a folder, until the block ends.

    Raises:
        ServerMissingError: PostgreSQL isn't installed.
    """
    initdb, server = postgresql_program("initdb"), postgresql_program("postgres")
    if initdb is None or server is None:
        raise ServerMissingError("PostgreSQL isn't installed: run `make test-servers`")
    user = _unprivileged()
    data = folder / "data"
    folder.mkdir(parents=True, exist_ok=True)
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
        _let_through(folder)
    as_user = (
        {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    )
    subprocess.run(
        [initdb, "--pgdata", data, "--username", "tongke", "--auth", "trust", "--encoding", "UTF8",
         "--locale", "C", "--no-sync"],
        check=True, capture_output=True, cwd=folder, **as_user,
    )  # fmt: skip
    port = free_port()
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [server, "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", "",
         "-c", "fsync=off", "-c", "timezone=UTC"],
        stdout=log, stderr=log, cwd=folder, **as_user,
    )  # fmt: skip
    try:
        _wait_for(port, process, folder / "log")
        yield PostgreSql(port, process)
    finally:
        # SIGINT: end the sessions and stop; a child that stays would keep the folder
        process.send_signal(2)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def free_port() -> int:
    """A port of the loopback interface that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def missing_packages() -> list[str]:
    """Debian's packages of those programs that the tests need and that aren't here."""
    programs = {
        "postgresql": postgresql_program("postgres"),
        # it reads the units of a schedule as systemd will
        "systemd": shutil.which("systemd-analyze"),
    }
    return [package for package, program in programs.items() if program is None]


def install() -> int:
    """Install what is missing; 0 if everything is there afterwards."""
    missing = missing_packages()
    if not missing:
        return 0
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(  # noqa: T201 - a command
            "only root on Debian or Ubuntu can install here what is missing; install these "
            f"packages yourself, then run the tests again: {' '.join(missing)}",
            file=sys.stderr,
        )
        return 1
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
        subprocess.run(["apt-get", "--quiet", *command], check=True, env=environment)
    return 1 if missing_packages() else 0


def _unprivileged() -> pwd.struct_passwd | None:
    """As whom PostgreSQL runs: it refuses root."""
    if os.geteuid() != 0:
        return None
    for name in _USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerMissingError(f"PostgreSQL refuses root, and there is no user {_USERS}")


def _let_through(folder: Path) -> None:
    """Let the other user reach the folder: pytest makes temporary ones for its own user only."""
    for parent in folder.parents:
        if parent == Path("/tmp") or parent.stat().st_mode & 0o001:  # noqa: S108 - where it ends
            continue
        parent.chmod(parent.stat().st_mode | 0o001)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    said = log.read_text(errors="replace")[-2000:]
    raise ServerMissingError(f"PostgreSQL didn't start:\n{said}")


def _version(program: Path) -> int:
    version = program.parent.parent.name
    return int(version) if version.isdigit() else 0


if __name__ == "__main__":
    if sys.argv[1:] != ["install"]:
        sys.exit("usage: python -m tests.servers install")
    sys.exit(install())
