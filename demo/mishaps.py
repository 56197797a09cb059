"""Two things that go wrong, as they do: a process dies in the middle, and a model loses its rows.

And a look at the CRM afterwards, with its administrator's eyes.
"""

import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

import duckdb

from demo import crm, settings
from demo.layout import REPOSITORY, Home
from warehouse.connection import attached_read_only, waiting

MODELS = {
    "companies": ("sync_selfbuilt__companies", "company_id"),
    "contacts": ("sync_selfbuilt__contacts", "person_id"),
    "orders": ("sync_selfbuilt__orders", "order_id"),
}
"""The CRM's collections, each with the model of what it should hold and that model's key."""

_LOOK_SECONDS = 0.05
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Held:
    """What the CRM holds of one model."""

    collection: str
    wanted: int
    """Rows of the model."""
    there: int
    """Those that the CRM holds, at least once."""
    doubled: int
    """Those that it holds more than once."""
    of_people: int
    """Records that carry no id of ours: people typed them, and nobody else knows them."""

    @property
    def missing(self) -> int:
        """Rows of the model that the CRM doesn't hold."""
        return self.wanted - self.there


def kill_midway(home: Home, url: str, command: Sequence[str]) -> str:
    """Run a delivery, and end it by SIGKILL when the CRM holds a third of the orders."""
    wanted = len(_wanted(home, "orders"))
    with closing(_administrator(home, url)) as server:

        def count() -> int:
            path = "/api/collections/orders/records?perPage=1"
            return int(server.call("GET", path)["totalItems"])

        killed = _killed_when(lambda: count() > wanted // 3, command)
        there = count()
    if not killed:
        return f"it was done before it could be killed: the CRM holds {there:,} orders"
    return f"killed in the middle: the CRM holds {there:,} of {wanted:,} orders"


def look(home: Home, url: str) -> list[Held]:
    """Count what the CRM holds against what the models want."""
    found = []
    with closing(_administrator(home, url)) as server:
        for collection in MODELS:
            wanted = _wanted(home, collection)
            held = _held(server, collection)
            ours = Counter(key for key in held if key in wanted)
            doubled = sum(count > 1 for count in ours.values())
            found.append(Held(collection, len(wanted), len(ours), doubled, held.count("")))
    return found


def spoil(home: Home) -> str:
    """Take nine in ten orders out of their model, as a join gone wrong would."""
    model, key = MODELS["orders"]
    path = home.warehouse
    with waiting(lambda: duckdb.connect(str(path)), path=path) as connection:
        connection.execute(f"delete from activation.{model} where hash({key}) % 10 > 0")
        [(left,)] = connection.execute(f"select count(*) from activation.{model}").fetchall()
    return f"{model} has {left:,} rows left"


def _killed_when(is_time: Callable[[], bool], command: Sequence[str]) -> bool:
    """Run a command until it is time to kill it; False if it ended by itself."""
    with subprocess.Popen(command, cwd=REPOSITORY) as process:  # noqa: S603  the user's own
        try:
            while process.poll() is None and not is_time():
                time.sleep(_LOOK_SECONDS)
            return process.poll() is None
        finally:
            # whatever ends us ends it too
            process.kill()


def _wanted(home: Home, collection: str) -> set[str]:
    model, key = MODELS[collection]
    with attached_read_only(home.warehouse) as connection:
        rows = connection.execute(f"select {key} from warehouse.activation.{model}").fetchall()
    return {each for (each,) in rows}


def _held(server: crm.Server, collection: str) -> list[str]:
    """Our id of every record that the CRM holds; empty for those that have none."""
    held: list[str] = []
    page = 1
    while True:
        path = f"/api/collections/{collection}/records"
        answer = server.call(
            "GET", f"{path}?fields=external_id&sort=id&perPage={_PAGE}&page={page}"
        )
        held += [item["external_id"] for item in answer["items"]]
        if page >= answer["totalPages"]:
            return held
        page += 1


def _administrator(home: Home, url: str) -> crm.Server:
    server = crm.Server(url)
    password = settings.read_passwords(home).crm[crm.ADMIN_EMAIL]
    server.sign_in("_superusers", crm.ADMIN_EMAIL, password)
    return server
