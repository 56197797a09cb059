"""One apply of the sync: `python -m benchmarks.delivery.ours WAREHOUSE LEDGER URL …`."""

import os
import sys
import time
from pathlib import Path

from benchmarks.delivery.shape import COLUMNS, OBJECT, SCHEMA, TABLE
from benchmarks.measure import whole_process
from crm.connections import connect
from reverse_etl.clock import World
from reverse_etl.engine import Engine
from reverse_etl.garbage import collect_less_often
from reverse_etl.ledger import Ledger
from reverse_etl.syncs import Column, Guard, Limit, Sync
from warehouse.connection import attached_read_only

ANY = Limit(1.0, sys.maxsize)

SYNC = Sync(
    name="bench",
    destination="bench",
    object=OBJECT,
    model="model.tongke.sync_hubspot__contacts",
    schema=SCHEMA,
    table=TABLE,
    key="contact_id",
    columns=tuple(
        Column(name, property_, type_, "") for name, (type_, property_, _) in COLUMNS.items()
    ),
    # a first delivery creates everything
    guard=Guard(creates=ANY, updates=ANY, archives=ANY),
)


def main() -> None:
    """Apply, and print what it took."""
    collect_less_often()
    began = time.perf_counter()
    engine = new_engine(*sys.argv[1:])
    [applied] = engine.apply([SYNC])
    engine.ledger.close()
    result = whole_process(began)
    if applied.status != "done":
        raise SystemExit(f"the apply ended {applied.status}: {applied.problem}")
    result.rows = applied.tally.written
    result.requests = applied.tally.requests
    result.print_out()


def new_engine(warehouse: str, ledger_path: str, url: str, token: str, in_flight: str) -> Engine:
    """An engine between a warehouse and a sandbox of HubSpot."""
    os.environ |= {
        "CRM__BENCH__KIND": "hubspot",
        "CRM__BENCH__BASE_URL": url,
        "CRM__BENCH__ACCESS_TOKEN": token,
        "CRM__BENCH__RATE__IN_FLIGHT": in_flight,
    }
    ledger = Ledger(Path(ledger_path), World())
    return Engine(
        {},
        ledger,
        connect,
        lambda: attached_read_only(Path(warehouse)),
        ledger.world,
        check_builds=False,
    )


if __name__ == "__main__":
    main()
