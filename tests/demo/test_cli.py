"""The demo's command line, as far as it isn't told by the other tests."""

from pathlib import Path

from typer.testing import CliRunner

from demo.cli import app
from demo.testing import DemoCompany

runner = CliRunner()


def test_status_shows_what_runs_and_where(demo_company: DemoCompany) -> None:
    result = runner.invoke(app, ["status", "--home", str(demo_company.home.folder)])
    assert result.exit_code == 0
    assert "60 people, seed 7, as of 2026-11-01" in result.output
    assert demo_company.crm_url in result.output


def test_status_of_nothing_is_an_error(tmp_path: Path) -> None:
    result = runner.invoke(app, ["status", "--home", str(tmp_path / "none")])
    assert result.exit_code == 1
    assert "there is no demo" in result.output


def test_stopping_nothing_is_no_error(tmp_path: Path) -> None:
    result = runner.invoke(app, ["stop", "--home", str(tmp_path / "none")])
    assert result.exit_code == 0
    assert "nothing was running" in result.output


def test_a_change_without_a_demo_says_what_to_do(tmp_path: Path) -> None:
    result = runner.invoke(app, ["change", "erp", "--home", str(tmp_path / "none")])
    assert result.exit_code == 1
    assert "start one first" in result.output


def test_wrong_usage_is_told_apart(tmp_path: Path) -> None:
    home = ["--home", str(tmp_path / "none")]
    assert runner.invoke(app, ["change", "fax", *home]).exit_code == 2
    assert runner.invoke(app, ["start", "--size", "3", *home]).exit_code == 2
