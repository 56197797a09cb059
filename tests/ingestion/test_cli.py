"""The command, as people and programs call it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ingestion.systems import ERP_SETTINGS, Erp, Project


def ingestion(
    project: Project, *arguments: str, before: str = ""
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", f"{before}\nfrom ingestion.cli import main; main()", *arguments],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "200"},
        cwd=project.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def shop(project: Project, erp: Erp) -> Path:
    """A good ERP, and a shop with one bad file among the good ones."""
    folder = project.folder / "shop"
    folder.mkdir()
    (folder / "orders_1.csv").write_bytes("订单号,手机号\nA1,138\n".encode("gb18030"))
    project.configure(
        {
            "sources": {
                **ERP_SETTINGS["sources"],
                "shop": {"kind": "csv_drop", "folder": "shop"},
                "broken": {"kind": "workbooks", "folder": "nowhere"},
            }
        },
        {"sources": {"erp": {"credentials": f"sqlite:///{erp.path}"}}},
    )
    erp.put_order(1, "1.10", "2026-01-01 00:00:00")
    return folder


def test_list(project: Project, shop: Path) -> None:
    listed = ingestion(project, "list", "--format", "json")

    assert json.loads(listed.stdout) == [
        {"name": "broken", "kind": "workbooks"},
        {"name": "erp", "kind": "sql"},
        {"name": "shop", "kind": "csv_drop"},
    ]
    assert "raw_erp" in ingestion(project, "list").stdout


def test_list_of_nothing_says_what_to_do(project: Project) -> None:
    assert "Add a section [sources.<name>]" in ingestion(project, "list").stdout


def test_run_lands_and_says_so(project: Project, shop: Path) -> None:
    ran = ingestion(project, "run", "erp", "shop", "--format", "json")

    assert ran.returncode == 0
    assert ran.stderr == ""
    (erp, shop_summary) = json.loads(ran.stdout)
    assert (erp["source"], erp["status"]) == ("erp", "done")
    assert [(t["name"], t["rows"]) for t in erp["tables"]] == [("customers", 0), ("orders", 1)]
    assert erp["tables"][1]["bytes"] > 0
    assert shop_summary["tables"][0]["rows"] == 1
    assert project.count("raw_shop.orders") == 1


def test_a_failing_source_does_not_stop_the_others(project: Project, shop: Path) -> None:
    ran = ingestion(project, "run", "--all")

    assert ran.returncode == 3
    assert "error: broken: there is no folder" in ran.stdout
    assert project.count("raw_erp.orders") == 1
    assert "Traceback" not in ran.stdout + ran.stderr


@pytest.mark.parametrize("command", ["run", "check"])
def test_an_error_that_nobody_foresaw_stops_one_source_and_shows_no_value(
    project: Project, shop: Path, command: str
) -> None:
    broken = (
        "from ingestion.sources import csv_drop\n"
        "def decoded(*_): return {}['13800000001']\n"
        "csv_drop.decoded = decoded"
    )
    ran = ingestion(project, command, "shop", "erp", before=broken)

    assert ran.returncode == 3
    assert "shop: KeyError at ingestion/sources/csv_drop/__init__.py:" in ran.stdout
    assert "13800000001" not in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr
    if command == "run":
        assert project.count("raw_erp.orders") == 1


def test_a_bad_file_is_named_and_the_exit_code_says_partly(project: Project, shop: Path) -> None:
    (shop / "orders_2.csv").write_bytes("订单号,手机号\nA1,138,x\n".encode())

    ran = ingestion(project, "run", "shop")

    assert ran.returncode == 3
    assert "orders_2.csv, row 2" in ran.stdout


def test_nothing_but_failures_is_1(project: Project, shop: Path) -> None:
    assert ingestion(project, "run", "broken").returncode == 1


def test_wrong_settings_are_2(project: Project, shop: Path) -> None:
    project.configure({"sources": {"shop": {"kind": "csv_drop"}}})

    ran = ingestion(project, "run", "shop")

    assert ran.returncode == 2
    assert "lacks `folder`" in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "say which sources, or --all. There are: broken, erp, shop"),
        (["run", "erb"], "there is no source erb. There are: broken, erp, shop"),
        (["run", "erp", "--all"], "name the sources, or say --all, not both"),
        (["check", "erb"], "there is no source erb"),
        (["run", "--al"], "No such option"),
    ],
)
def test_usage_errors_are_2(project: Project, shop: Path, arguments: list[str], said: str) -> None:
    ran = ingestion(project, *arguments)

    assert ran.returncode == 2
    assert said in ran.stderr


def test_check_says_what_is_there_and_lands_nothing(project: Project, shop: Path) -> None:
    checked = ingestion(project, "check", "--format", "json")

    assert checked.returncode == 3
    broken, erp, shop_check = json.loads(checked.stdout)
    assert broken["status"] == "failed"
    assert erp["tables"][1]["key"] == ["order_id"]
    assert "total_amount decimal128(18, 2)" in erp["tables"][1]["columns"]
    assert shop_check["tables"][0]["columns"][:2] == ["order_no string", "mobile string"]
    assert not project.warehouse.exists()
    assert "new by updated_at" in ingestion(project, "check", "erp").stdout


def test_check_sees_a_bad_file_that_was_landed_before_it_was_bad(
    project: Project, shop: Path
) -> None:
    ingestion(project, "run", "shop")
    (shop / "orders_1.csv").write_bytes("单号\nA1\n".encode())

    checked = ingestion(project, "check", "shop")

    assert checked.returncode == 1
    assert "orders_1.csv: no header with 订单号 or 订单编号" in checked.stdout


def test_no_secret_is_printed_whatever_goes_wrong(project: Project, erp: Erp) -> None:
    project.configure(
        {"sources": {"erp": ERP_SETTINGS["sources"]["erp"],
                     "helpdesk": {"kind": "roundup", "url": "http://127.0.0.1:9/"}}},
        {"sources": {"erp": {"credentials": "postgresql://reader:s3cret@127.0.0.1:9/erp"},
                     "helpdesk": {"username": "reader", "password": "s3cret"}}},
    )  # fmt: skip
    for command in ("check", "run"):
        ran = ingestion(project, command, "erp", "helpdesk")
        assert ran.returncode == 1
        assert "s3cret" not in ran.stdout + ran.stderr
        assert "127.0.0.1:9" in ran.stdout


def test_nothing_is_written_outside_the_project(project: Project, shop: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "from ingestion.cli import main; main()", "run", "erp"],
        env={
            **{k: v for k, v in os.environ.items() if k != "DLT_DATA_DIR"},
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "HOME": str(project.folder / "home"),
        },
        cwd=project.folder,
        check=False,
    )

    assert ran.returncode == 0
    assert not [p for p in (project.folder / "home").rglob("*") if p.is_file()]
