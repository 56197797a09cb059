"""The job of docs/how-to/schedule.md does what the page says, whatever its commands end with."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conventions import documents

BUILD = "dbt build --exclude-resource-type unit_test"


@pytest.fixture
def page(root: Path) -> str:
    return (root / "docs" / "how-to" / "schedule.md").read_text(encoding="utf-8")


@pytest.fixture
def job(page: str, tmp_path: Path) -> Path:
    """The page's script, in a folder whose commands write down that they were called."""
    script = tmp_path / "tongke-sync"
    texts = [block.body for block in documents.blocks(page) if block.body.startswith("#!/bin/sh")]
    assert len(texts) == 1
    script.write_text(texts[0], encoding="utf-8")
    commands = tmp_path / ".venv" / "bin"
    commands.mkdir(parents=True)
    for name in ("ingestion", "dbt", "reverse-etl"):
        stub = commands / name
        variable = name.replace("-", "_").upper()
        stub.write_text(f'#!/bin/sh\necho "{name} $*" >> called\nexit "${{{variable}:-0}}"\n')
        stub.chmod(0o755)
    return script


@pytest.mark.parametrize(
    ("ends", "code", "called"),
    [
        ({}, 0, ["ingestion run --all", BUILD, "reverse-etl apply"]),
        ({"INGESTION": "3"}, 0, ["ingestion run --all", BUILD, "reverse-etl apply"]),
        ({"INGESTION": "1"}, 1, ["ingestion run --all"]),
        ({"DBT": "1"}, 1, ["ingestion run --all", BUILD]),
        ({"REVERSE_ETL": "3"}, 3, ["ingestion run --all", BUILD, "reverse-etl apply"]),
        ({"REVERSE_ETL": "4"}, 4, ["ingestion run --all", BUILD, "reverse-etl apply"]),
    ],
)
def test_the_job_goes_as_far_as_it_should(
    job: Path, ends: dict[str, str], code: int, called: list[str]
) -> None:
    environment = {**os.environ, **ends, "TONGKE_HOME": str(job.parent)}
    finished = subprocess.run(["/bin/sh", job], env=environment, check=False)
    assert (job.parent / "called").read_text().splitlines() == called
    # the page says that a source that can't be reached is no reason to stop
    assert finished.returncode == code


def test_the_workflow_is_one(page: str) -> None:
    texts = [block.body for block in documents.blocks(page) if block.language == "yaml"]
    assert len(texts) == 1
    # YAML reads the key `on` as true
    workflow = yaml.safe_load(texts[0])
    assert {"pull_request", "schedule"} <= set(workflow[True])
    for job in workflow["jobs"].values():
        assert job["runs-on"]
        assert all("uses" in step or "run" in step for step in job["steps"])
