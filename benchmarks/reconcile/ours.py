"""Reconcile the sync: `python -m benchmarks.reconcile.ours WAREHOUSE LEDGER URL TOKEN`."""

import os
import sys
import time
from functools import partial
from pathlib import Path

from benchmarks.delivery.ours import SYNC
from benchmarks.measure import whole_process
from crm.connections import connect
from reverse_etl.clock import World
from reverse_etl.garbage import collect_less_often
from reverse_etl.ledger import Ledger
from reverse_etl.reconciliation.reconcile import reconciling
from warehouse.connection import attached_read_only


def main() -> None:
    """Reconcile, and print what it took."""
    warehouse, ledger_path, url, token = sys.argv[1:]
    os.environ |= {
        "CRM__BENCH__KIND": "hubspot",
        "CRM__BENCH__BASE_URL": url,
        "CRM__BENCH__ACCESS_TOKEN": token,
    }
    collect_less_often()
    began = time.perf_counter()
    ledger = Ledger(Path(ledger_path), World())
    opened = partial(attached_read_only, Path(warehouse))
    with reconciling(ledger, [SYNC], opened) as reconciliation:
        found = reconciliation.reconcile(SYNC, connect(SYNC.destination))
    ledger.close()
    result = whole_process(began)
    if not found.is_done or any(found.kinds.values()):
        raise SystemExit(f"nothing has drifted, and it found {found.problem or found.kinds}")
    result.rows = found.records
    result.print_out()


if __name__ == "__main__":
    main()
