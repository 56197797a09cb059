"""The sandbox is started, looked into and made to fail from the command line."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from sandbox.cli import app

KEY = {"Authorization": "Bearer pat-sandbox"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def run(*arguments: str, kind: str = "hubspot") -> Any:
    return CliRunner().invoke(app, [kind, *arguments])


@contextmanager
def started(kind: str, tmp_path: Path, root: Path) -> Iterator[int]:
    port = free_port()
    command = "from sandbox.cli import app; app()"
    options = ["--port", str(port), "--file", str(tmp_path / "held.json"), "--format", "json"]
    process = subprocess.Popen(
        [sys.executable, "-c", command, kind, *options, "--switch", "index_lag=0.5"],
        cwd=root,
        stdout=subprocess.PIPE,
    )
    try:
        wait_for(port)
        yield port
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=20)
        assert process.returncode == 0
        assert json.loads(said)["url"] == f"http://127.0.0.1:{port}"
        assert "星河" in (tmp_path / "held.json").read_text(encoding="utf-8")
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def port(tmp_path: Path, root: Path) -> Iterator[int]:
    with started("hubspot", tmp_path, root) as port:
        yield port


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            requests.get(f"http://127.0.0.1:{port}/_sandbox", timeout=5)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the sandbox didn't start")


def test_one_that_runs_is_looked_into_and_made_to_fail(port: int) -> None:
    company = {"properties": {"name": "星河"}}
    url = f"http://127.0.0.1:{port}/crm/v3/objects/companies"
    assert requests.post(url, json=company, headers=KEY, timeout=10).status_code == 201

    shown = json.loads(run("--port", str(port), "--show", "--format", "json").output)
    assert shown["records"]["companies"] == 1
    assert shown["switches"]["index_lag"] == 0.5
    records = run("--port", str(port), "--show", "--object", "companies")
    assert "星河" in records.output

    planned = run("--port", str(port), "--faults", '{"fault": "busy"}', "--format", "json")
    assert json.loads(planned.output)["faults"][0]["fault"] == "busy"
    assert requests.post(url, json=company, headers=KEY, timeout=10).status_code == 429


def test_so_is_one_of_wukong(tmp_path: Path, root: Path) -> None:
    with started("wukong", tmp_path, root) as port:
        url = f"http://127.0.0.1:{port}"
        who = {"username": "tongke", "password": "sandbox-password"}
        said = requests.post(f"{url}/login", json=who, timeout=10).json()
        token = {"Admin-Token": said["data"]["adminToken"]}
        company = {"entity": {"customerName": "星河"}}
        saved = requests.post(f"{url}/crmCustomer/add", json=company, headers=token, timeout=10)
        assert saved.json()["code"] == 0
        shown = run("--port", str(port), "--show", "--object", "customer", kind="wukong")
        assert "星河" in shown.output
        planned = run("--port", str(port), "--faults", '{"fault": "busy"}', kind="wukong")
        assert "busy" in planned.output
        busy = requests.post(f"{url}/crmCustomer/add", json=company, headers=token, timeout=10)
        assert busy.json()["code"] == 403


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--show"], "no sandbox is running"),
        (["--faults", "{"], "no JSON"),
        (["--faults", '{"fault": "x"}'], "must be one of"),
        (["--faults", "/nowhere.json"], "No such file"),
        (["--switch", "burst"], "NAME=VALUE"),
        (["--switch", "nonsense=1"], "there is no switch"),
    ],
)
def test_a_mistake_is_said_in_words(arguments: list[str], words: str) -> None:
    done = run("--port", str(free_port()), *arguments)
    assert done.exit_code == 2
    assert words in " ".join(done.output.replace("│", " ").split())
