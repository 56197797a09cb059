"""The benchmarks do what their figures claim; how fast is nobody's business here."""

import json
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent.parent


def test_the_delivery_benchmark_counts_the_requests_that_were_needed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.delivery", "--rows", "1050", "--latency-ms", "1"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
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
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.reconcile", "--records", "250"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    # and ours asks for the fields besides
    assert (measured["floor"]["requests"], measured["ours"]["requests"]) == (3, 4)
    assert measured["floor"]["rows"] == measured["ours"]["rows"] == 250
    assert measured["cpu_ratio"] > 0
