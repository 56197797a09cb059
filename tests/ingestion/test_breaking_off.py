"""Runs that end in the middle: nothing lost, nothing doubled, nothing half there."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest
from dlt.load import load

from ingestion.errors import SourceError
from tests.ingestion.systems import Erp, Project, rows_landed
from warehouse.connection import WarehouseBusyError

ORDERS = 3000

RUN = "from ingestion.cli import main; import sys; sys.argv = ['ingestion', 'run', 'erp']; main()"

DIE_AT = {
    "before anything is loaded": "import dlt.load.load as l; l.Load.load_single_package = {die}",
    "when a table is loaded and the package isn't": (
        "import dlt.load.load as l; l.Load.complete_package = {die}"
    ),
    "when the package is loaded and dlt doesn't know it yet": (
        "import dlt.common.storages.load_storage as s; s.LoadStorage.complete_load_package = {die}"
    ),
    "while it reads": "import ingestion.fresh as f; f.Fresh.only_new = {die}",
    "after reading": "import dlt; dlt.Pipeline.normalize = {die}",
}


def python(project: Project, code: str) -> "subprocess.Popen[bytes]":
    """Run Python in the project's environment, which the fixture has set."""
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=project.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def fill(erp: Erp, first: int = 0, *, at: str = "2026-01-01 00:00:00") -> None:
    erp.execute(
        "with recursive n(i) as (select ? union all select i + 1 from n where i < ?) "
        "insert into orders (order_id, order_no, total_amount, updated_at, is_deleted) "
        "select i, 'SO' || i, i || '.10', ?, 0 from n",
        first,
        first + ORDERS - 1,
        at,
    )


def assert_each_order_is_there_once(project: Project, expected: int) -> None:
    assert project.query(
        "select count(*), count(distinct order_id), sum(total_amount) from raw_erp.orders"
    ) == [
        (
            expected,
            expected,
            project.query(f"select sum(i + 0.10::decimal(18,2)) from range({expected}) t(i)")[0][0],
        )
    ]


@pytest.mark.parametrize("moment", DIE_AT)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_run_that_dies(project: Project, erp: Erp, moment: str, *, is_first: bool) -> None:
    fill(erp)
    if not is_first:
        project.run("erp")
        fill(erp, ORDERS)
    die = DIE_AT[moment].format(die="lambda *a, **k: __import__('os')._exit(9)")
    process = python(project, f"import ingestion.landing; {die}; {RUN}")
    assert process.wait(60) == 9

    project.run("erp")

    assert_each_order_is_there_once(project, ORDERS if is_first else 2 * ORDERS)
    assert rows_landed(project.run("erp"))["orders"] == 0


def test_runs_that_are_killed_at_any_moment(project: Project, erp: Erp) -> None:
    rng = random.Random(1)
    for round_ in range(4):
        fill(erp, round_ * ORDERS, at=f"2026-01-01 00:00:{round_:02d}")
        process = python(project, RUN)
        time.sleep(rng.uniform(1.0, 3.5))
        process.send_signal(signal.SIGKILL)
        process.wait()

    project.run("erp")

    assert_each_order_is_there_once(project, 4 * ORDERS)


def test_rows_that_somebody_put_there_by_hand_stay(project: Project, erp: Erp) -> None:
    fill(erp)
    project.run("erp")
    project.write("insert into raw_erp.orders (order_id, _dlt_load_id) values (-1, 'by hand')")

    project.run("erp")

    assert project.query("select count(*) from raw_erp.orders where order_id = -1") == [(1,)]


def test_a_held_warehouse_is_waited_for(project: Project, erp: Erp) -> None:
    fill(erp)
    process = python(
        project,
        f"import duckdb, time; c = duckdb.connect({str(project.warehouse)!r}); "
        "open('held', 'w').close(); time.sleep(2)",
    )
    _wait_for(project.folder / "held")

    assert rows_landed(project.run("erp", patience=30))["orders"] == ORDERS
    process.wait()


def test_who_holds_the_warehouse_for_too_long_is_named(project: Project, erp: Erp) -> None:
    fill(erp)
    process = python(
        project,
        f"import duckdb, time; c = duckdb.connect({str(project.warehouse)!r}); "
        "open('held', 'w').close(); time.sleep(60)",
    )
    _wait_for(project.folder / "held")

    with pytest.raises(WarehouseBusyError, match=f"process {process.pid}"):
        project.run("erp", patience=0.3)

    process.kill()
    process.wait()
    assert rows_landed(project.run("erp"))["orders"] == ORDERS


def test_two_runs_of_one_source_take_turns(project: Project, erp: Erp) -> None:
    fill(erp)
    landed: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: landed.append(rows_landed(project.run("erp", patience=60))["orders"])
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(landed) == [0, ORDERS]


def test_who_reads_a_source_already_is_named(project: Project, erp: Erp) -> None:
    process = python(
        project,
        "import time; from pathlib import Path; from ingestion.lock import held\n"
        f"with held(Path({str(project.pipelines / 'erp.lock')!r}), 'it', 1):\n"
        "    open('held', 'w').close(); time.sleep(60)",
    )
    _wait_for(project.folder / "held")

    with pytest.raises(SourceError, match=f"the source erp is being read by process {process.pid}"):
        project.run("erp", patience=0.3)

    process.kill()
    process.wait()


def test_a_full_disk_leaves_nothing_half_loaded(
    project: Project, erp: Erp, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(erp)
    project.run("erp")
    fill(erp, ORDERS)

    def fail(*_arguments: object, **_named: object) -> None:
        raise duckdb.IOException("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(load.Load, "complete_package", fail)
        with pytest.raises(SourceError, match="No space left"):
            project.run("erp")
    assert_each_order_is_there_once(project, ORDERS)

    project.run("erp")

    assert_each_order_is_there_once(project, 2 * ORDERS)


def _wait_for(path: Path) -> None:
    end = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.02)
