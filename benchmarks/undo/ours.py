"""Undo the last run of the sync: `python -m benchmarks.undo.ours WAREHOUSE LEDGER URL …`."""

import json
import sys
import time

from benchmarks.delivery.ours import SYNC, new_engine
from benchmarks.measure import whole_process
from reverse_etl import queries, undo
from reverse_etl.garbage import collect_less_often


def main() -> None:
    """Undo it, and print what that took."""
    collect_less_often()
    began = time.perf_counter()
    engine = new_engine(*sys.argv[1:])
    syncs = {SYNC.name: SYNC}
    leftovers: undo.Leftovers = {}
    last = queries.latest_runs(engine.ledger)[SYNC.name]["run_id"]
    meant = undo.runs_to_undo(engine.ledger, [last])
    [applied] = undo.engine_for(engine, meant, syncs, leftovers).apply(
        undo.syncs_to_undo(syncs, engine.ledger, meant), command="undo", undoes=meant.runs
    )
    engine.ledger.close()
    result = whole_process(began)
    if applied.problem is not None:
        raise SystemExit(f"the undo ended {applied.status}: {applied.problem}")
    result.rows = applied.tally.written
    result.requests = applied.tally.requests
    print(json.dumps({**result.as_data(), "left": len(leftovers[SYNC.name])}))


if __name__ == "__main__":
    main()
