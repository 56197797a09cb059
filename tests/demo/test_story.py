"""The story of `make demo`, and how it ends."""

import io
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from demo import processes, story
from demo.layout import REPOSITORY, Home, State

SETTING = story.Setting(Home(REPOSITORY / "var/demo"), 2000, 1, None)


def test_the_story_is_told_in_commands_that_a_user_types() -> None:
    commands = [shlex.join(step.command) for one in story.chapters(SETTING) for step in one.steps]
    assert commands == [
        "python -m demo start --size 2000 --seed 1",
        "ingestion run --all",
        "dbt build",
        "reverse-etl plan --out var/demo/first.plan",
        "python -m demo kill -- reverse-etl apply --plan var/demo/first.plan",
        "reverse-etl status",
        "reverse-etl apply --plan var/demo/first.plan",
        "python -m demo count",
        "reverse-etl plan",
        "python -m demo spoil",
        "reverse-etl apply",
        "python -m demo change erp",
        "python -m demo change helpdesk",
        "python -m demo change finance",
        "python -m demo change shop",
        "python -m demo change crm",
        "ingestion run --all",
        "dbt build --exclude-resource-type unit_test",
        "reverse-etl plan",
        "reverse-etl apply",
        "identity review list --limit 3",
        "python -m demo answer",
        "python -m demo retitle erp",
        "ingestion run erp",
        "dbt build --exclude-resource-type unit_test",
        "python -m demo retitle crm",
        "reverse-etl plan",
        "reverse-etl apply --percent 50",
        "reverse-etl apply",
        "reverse-etl reviews",
        "python -m demo settle",
        "reverse-etl apply",
        "python -m demo undo",
        "reverse-etl plan",
    ]


def test_every_command_works_on_the_demo_and_on_nothing_else() -> None:
    assert story.environment_of(SETTING.home) == {
        "DLT_PROJECT_DIR": "var/demo",
        "TONGKE_WAREHOUSE": "var/demo/warehouse.duckdb",
        "TONGKE_LEDGER": "var/demo/ledger.sqlite",
        "TONGKE_PIPELINES": "var/demo/pipelines",
        "TONGKE_QUOTA": "var/demo/quota",
        "DBT_PROFILES_DIR": "profiles",
    }


def told(home: Home, *steps: story.Step) -> tuple[int, str]:
    home.folder.mkdir(parents=True)
    console = Console(file=io.StringIO(), width=100)
    code = story._tell([story.Chapter("A chapter", steps)], home, console)
    output = console.file
    assert isinstance(output, io.StringIO)
    return code, output.getvalue()


def test_a_story_ends_with_the_first_step_that_fails(tmp_path: Path) -> None:
    after = tmp_path / "after"
    code, output = told(
        Home(tmp_path / "demo"),
        story.Step((sys.executable, "-c", "raise SystemExit(4)")),
        story.Step((sys.executable, "-c", f"open({str(after)!r}, 'w')")),
    )
    assert code == 4
    assert "ended with exit code 4" in output
    assert not after.exists()


def test_an_accepted_exit_code_does_not_end_the_story(tmp_path: Path) -> None:
    step = story.Step((sys.executable, "-c", "raise SystemExit(3)"), accepted=frozenset({0, 3}))
    assert told(Home(tmp_path / "demo"), step)[0] == 0


def test_of_a_long_output_the_last_line_is_shown_and_the_rest_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "log"
    step = story.Step((sys.executable, "-c", "print('first\\nlast')"), log=str(log))
    _, output = told(Home(tmp_path / "demo"), step)
    assert "\nlast\n" in output
    assert "\nfirst\n" not in output
    assert log.read_text() == "first\nlast\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_run_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    home = Home(tmp_path / "demo")
    with subprocess.Popen(
        [sys.executable, "-c", IN_FOREGROUND, "run", "--size", "60", "--home", str(home.folder)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as run:
        started = wait_for_servers(home, run)
        # a terminal's Ctrl-C reaches all that run in the foreground, `kill` only the one
        if number == signal.SIGINT:
            os.killpg(run.pid, number)
        else:
            run.send_signal(number)
        run.wait(60)
    assert run.returncode != 0
    assert started
    assert not any(processes.is_running(process) for process in started)


# a shell that runs the tests in its background has Ctrl-C ignored, by all that they start too
IN_FOREGROUND = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("demo", run_name="__main__", alter_sys=True)
"""


def wait_for_servers(home: Home, run: subprocess.Popen[bytes]) -> list[processes.Process]:
    """Return the processes as soon as both servers have been started."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and run.poll() is None:
        state = read_state(home)
        if state is not None and len(state.processes) == 2:
            return list(state.processes.values())
        time.sleep(0.005)
    return []


def read_state(home: Home) -> State | None:
    return home.read_state() if home.folder.exists() else None
