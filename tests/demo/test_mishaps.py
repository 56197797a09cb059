"""What goes wrong in the story goes wrong as it should, and is seen."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from demo import mishaps, processes
from demo.testing import DemoCompany, running

MODELS = mishaps.MODELS.values()


@pytest.fixture(scope="module")
def a_demo_company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCompany]:
    """A company that these tests share, and may change."""
    yield from running(tmp_path_factory.mktemp("mishaps") / "demo")


@pytest.fixture
def company(a_demo_company: DemoCompany) -> DemoCompany:
    """A company whose models want three records of each kind, without a build."""
    a_demo_company.home.warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(a_demo_company.home.warehouse)) as connection:
        connection.execute("create schema activation")
        for model, key in MODELS:
            keys = f"select 'k' || number as {key} from range(3) as numbers(number)"
            connection.execute(f"create table activation.{model} as {keys}")
    return a_demo_company


def put(company: DemoCompany, *orders: str) -> None:
    """Put orders with these ids of ours into the CRM, and no others."""
    server = mishaps._administrator(company.home, company.crm_url)
    server.call("DELETE", "/api/collections/orders/truncate")
    for external_id in orders:
        body = {"external_id": external_id, "order_no": "1"}
        server.call("POST", "/api/collections/orders/records", body)
    server.close()


def orders(company: DemoCompany) -> mishaps.Held:
    return mishaps.look(company.home, company.crm_url)[-1]


def test_what_is_missing_and_whose_the_rest_is_is_counted(company: DemoCompany) -> None:
    put(company, "k1", "", "unknown")
    assert orders(company) == mishaps.Held("orders", 3, there=1, doubled=0, of_people=1)
    assert orders(company).missing == 2


def test_what_is_doubled_is_counted(company: DemoCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    """The CRM's own index keeps the key unique, so the answer is made up."""
    monkeypatch.setattr(mishaps, "_held", lambda *_: ["k1", "k1", "k2"])
    assert (orders(company).there, orders(company).doubled) == (2, 1)


def test_a_delivery_is_killed_when_a_third_is_there(company: DemoCompany) -> None:
    delivery = "import time; time.sleep(600)"
    put(company, "k1", "k2")
    said = mishaps.kill_midway(company.home, company.crm_url, [sys.executable, "-c", delivery])
    assert said == "killed in the middle: the CRM holds 2 of 3 orders"


def test_a_delivery_that_is_through_is_said_to_be(company: DemoCompany) -> None:
    put(company)
    said = mishaps.kill_midway(company.home, company.crm_url, [sys.executable, "-c", ""])
    assert "before it could be killed" in said


def test_a_delivery_does_not_outlive_whoever_waits_to_kill_it(
    company: DemoCompany, tmp_path: Path
) -> None:
    put(company)
    pid = tmp_path / "pid"
    delivery = (
        f"import os, time; open({str(pid)!r}, 'w').write(f'{{os.getpid()}} '); time.sleep(600)"
    )
    command = [sys.executable, "-m", "demo", "kill", "--home", str(company.home.folder), "--"]
    with subprocess.Popen([*command, sys.executable, "-c", delivery]) as waiting:
        while not (pid.exists() and pid.read_text().endswith(" ")):
            assert waiting.poll() is None
            time.sleep(0.02)
        waiting.terminate()
        waiting.wait(30)
    assert processes._started(int(pid.read_text())) is None


def test_most_orders_leave_their_model_and_nothing_else(company: DemoCompany) -> None:
    with duckdb.connect(str(company.home.warehouse)) as connection:
        connection.execute(
            "insert into activation.sync_selfbuilt__orders "
            "select 'o' || number from range(1000) as numbers(number)"
        )
    said = mishaps.spoil(company.home)
    with duckdb.connect(str(company.home.warehouse)) as connection:
        left = {
            model: connection.execute(f"select count(*) from activation.{model}").fetchall()[0][0]
            for model, _ in MODELS
        }
    assert 50 < left["sync_selfbuilt__orders"] < 150
    assert f"{left['sync_selfbuilt__orders']} rows left" in said
    assert left["sync_selfbuilt__companies"] == left["sync_selfbuilt__contacts"] == 3
