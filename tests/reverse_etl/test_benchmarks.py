"""The benchmarks do what their figures claim; how fast is nobody's business here."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parent.parent.parent


def measure(*arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_delivery_benchmark_counts_the_requests_that_were_needed() -> None:
    measured = measure("benchmarks.delivery", "--rows", "1050", "--latency-ms", "1")
    shape = {"cpu_s", "wall_s", "rss_mb", "requests", "rows"}
    for way in ("ours", "floor"):
        assert measured[way].keys() == shape
        # 1,050 records in batches of 100
        assert (measured[way]["requests"], measured[way]["rows"]) == (11, 1050)
        assert all(measured[way][name] > 0 for name in shape)
    assert measured["rerun_unchanged"] == {"requests": 0}
    assert measured["one_percent_changed"] == {"requests": 1}
    assert 0 < measured["server"]["most_in_window"] <= measured["server"]["quota"]


def test_the_benchmark_of_reconciling_reads_the_same_pages_by_both_ways() -> None:
    measured = measure("benchmarks.reconcile", "--records", "250")
    # and ours asks for the fields besides
    assert (measured["floor"]["requests"], measured["ours"]["requests"]) == (3, 4)
    assert measured["floor"]["rows"] == measured["ours"]["rows"] == 250
    assert measured["cpu_ratio"] > 0


def test_the_undo_benchmark_restores_what_nobody_changed_and_counts_what_it_left() -> None:
    measured = measure("benchmarks.undo", "--records", "1050")
    assert (measured["run"]["rows"], measured["undo"]["rows"]) == (1050, 1039)
    assert (measured["undo"]["left"], measured["undo"]["requests"]) == (11, 11)
    assert measured["apply_afterwards"] == {"requests": 0}
