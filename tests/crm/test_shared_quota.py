"""Real processes draw on one account: the server counts, and never more than it allows."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from crm.connections import connect
from crm.errors import RetryableError
from crm.protocol import Crm
from crm.quota import Quota
from sandbox.hubspot.api import HubSpot as Sandbox
from sandbox.hubspot.properties import Property
from sandbox.messages import Answer, Request
from sandbox.serving import serving
from tests.conftest import Project
from tests.connections import configure

BURST = 4
ASKING = """
import sys
from concurrent.futures import ThreadPoolExecutor
from crm.connections import connect

crm = connect("hubspot")
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(4) as pool:
    for answer in [pool.submit(lambda: list(crm.scan("contacts"))) for _ in range(8)]:
        answer.result()
"""
HOLDING = """
import sys
from crm.connections import connect

crm = connect("hubspot")
for _ in range({taken}):
    crm._client.quota.take()
print("ready", flush=True)
sys.stdin.readline()
"""

APPLYING = """
import sys
from dataclasses import replace
from pathlib import Path
from concurrent.futures import ThreadPoolExecutor
from crm.connections import connect
from reverse_etl.clock import World
from reverse_etl.syncs import Column
from worlds import TestWorld, make_sync

columns = (
    Column("person_id", "tongke_id", "varchar", ""),
    Column("name", "lastname", "varchar", ""),
)
sync = make_sync("contacts", destination="hubspot", columns=columns)
world = TestWorld(Path({folder!r}), syncs=[sync])
engine = replace(
    world.engine, connect=connect, new_executor=ThreadPoolExecutor, world=World()
)
print("ready", flush=True)
number = 0
while not Path({end!r}).exists():
    number += 1
    rows = [{{"person_id": f"p{{n}}", "name": f"n{{number}}"}} for n in range(500)]
    world.desire("contacts", *rows)
    [applied] = engine.apply(world.syncs)
    assert applied.status == "done", applied.problem
"""


@pytest.fixture
def sandbox() -> Sandbox:
    made = Sandbox()
    made.account.table("contacts").add_property(Property("tongke_id", "ours", is_unique=True))
    made.account.switches.change({"burst": BURST, "burst_window": 0.5, "latency": 0.01})
    return made


@pytest.fixture
def url(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    monkeypatch.setenv("TONGKE_QUOTA", str(tmp_path / "quota"))

    def silent(request: Request) -> Answer:
        """Says nothing of what is left: then nobody can learn of the others but by sharing."""
        answer = sandbox(request)
        return replace(answer, headers={})

    with serving(silent) as url:
        given = {
            "kind": "hubspot",
            "base_url": url,
            "access_token": sandbox.account.tokens.private,
            "rate__per_window": str(BURST),
            "rate__window": "0.5",
        }
        configure(monkeypatch.setenv, "hubspot", **given)
        yield url


@pytest.fixture
def start(url: str, root: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start a Python that talks to the sandbox; give it when it is ready."""
    processes = []

    def new(script: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=root,
            env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'tests' / 'reverse_etl'}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield new
    for process in processes:
        process.kill()
        process.communicate()


def quota_of(crm: Crm) -> Quota:
    quota: Quota = crm._client.quota  # type: ignore[attr-defined]
    return quota


def test_processes_that_share_an_account_never_ask_too_much(
    sandbox: Sandbox, start: Callable[[str], subprocess.Popen[str]]
) -> None:
    processes = [start(ASKING) for _ in range(3)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0, 0, 0]
    said = sandbox.account.quotas.said()
    assert 0 < said["most_in_a_window"] <= BURST
    assert said["refused_in_bursts"] == 0
    assert said["requests_today"] >= 24


def test_a_killed_process_takes_nothing_with_it(
    start: Callable[[str], subprocess.Popen[str]],
) -> None:
    process = start(HOLDING.format(taken=BURST))
    quota = quota_of(connect("hubspot"))
    held = [quota.try_take() for _ in range(3)]
    assert min(held) > 0, "every place is taken, by somebody who lives"
    process.send_signal(signal.SIGKILL)
    process.wait()
    quota.take()
    assert quota.left().under_way == 1


def test_each_budget_of_an_account_is_a_file_of_its_own(
    url: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    one, other = connect("hubspot"), connect("hubspot")
    token = sandbox.account.tokens.private
    files = list((tmp_path / "quota").iterdir())
    assert sorted(path.name.split(".")[-2] for path in files)[1:] == ["associations", "search"]
    assert all(path.name.startswith("127.0.0.1_") for path in files)
    one._client.budgets["search"].refused(after=1000)  # type: ignore[attr-defined]
    assert list(other.scan("contacts")) == []
    with pytest.raises(RetryableError, match="no request may be sent for another"):
        other.count("contacts")
    assert not any(token in path.name or token in path.read_text() for path in files)


def test_who_wants_a_budget_for_itself_gets_one(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota_of(connect("hubspot")).refused(after=1000)
    assert list(connect("hubspot", shared=False).scan("contacts")) == []
    monkeypatch.setenv("CRM__HUBSPOT__ACCOUNT", "another")
    assert list(connect("hubspot").scan("contacts")) == []
    monkeypatch.delenv("CRM__HUBSPOT__ACCOUNT")
    monkeypatch.setenv("TONGKE_QUOTA", "off")
    assert list(connect("hubspot").scan("contacts")) == []


def test_ingestion_and_an_apply_draw_on_one_budget(
    sandbox: Sandbox,
    start: Callable[[str], subprocess.Popen[str]],
    linked_project: Project,
    tmp_path: Path,
) -> None:
    for number in range(300):
        properties = {"tongke_id": f"old{number}", "lastname": "x"}
        sandbox.account.table("contacts").create(properties, number + 1, 0)
    end = tmp_path / "end"
    apply = start(APPLYING.format(folder=str(tmp_path / "world"), end=str(end)))
    settings = tmp_path / "settings" / ".dlt"
    settings.mkdir(parents=True)
    (settings / "config.toml").write_text(
        '[sources.hub]\nkind = "crm"\nconnection = "hubspot"\nobjects = ["contacts"]\n',
        encoding="utf-8",
    )
    ours = {name: text for name, text in os.environ.items() if name.startswith(("CRM__", "TONGKE"))}
    landed = linked_project.run(
        *("ingestion", "run", "hub"),
        environment=ours
        | {"CRM__HUBSPOT__PAGE_SIZE": "10", "DLT_PROJECT_DIR": str(settings.parent)},
    )
    end.touch()
    apply.communicate()
    assert (landed.returncode, apply.returncode) == (0, 0), landed.stdout
    said = sandbox.account.quotas.said()
    assert 0 < said["most_in_a_window"] <= BURST
    assert said["refused_in_bursts"] == said["refused_searches"] == 0
    assert said["requests_today"] > 30, "ingestion alone reads as many pages"
