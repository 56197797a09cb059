"""The whole way on real servers: a demo company, and the project's own commands."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import requests

from demo import crm as demo_crm
from demo.testing import DemoCompany

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class CompanyProject:
    """The project, pointed at one demo company; everything goes through its commands."""

    company: DemoCompany
    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its commands; dbt's target folder is the company's own."""
        folder = self.company.home.folder
        return (
            os.environ
            | self.company.environment
            | {
                "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": str(self.root),
                "DBT_TARGET_PATH": str(folder / "target"),
                "DBT_LOG_PATH": str(folder / "logs"),
            }
        )

    def run(self, *command: str, expected: int = 0) -> str:
        """Run a command; its standard output."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        words = f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        assert done.returncode == expected, words
        return done.stdout

    def refresh(self) -> None:
        """Ingest what is new, and build what is synced; unit tests ran when `begin` did."""
        self.run("ingestion", "run", "--all")
        self.build("--exclude-resource-type", "unit_test", "--select", "+exposure:*")

    def begin(self) -> None:
        """Ingest everything, and build and test all of it."""
        self.run("ingestion", "run", "--all")
        self.build()

    def build(self, *options: str) -> None:
        """Run `dbt build` as of the company's own day."""
        self.run("dbt", "--quiet", "build", "--vars", "{as_of: '2026-11-01'}", *options)

    def plan(self, *options: str) -> dict[str, dict[str, dict[str, Any]]]:
        """What would be sent: sync → key → change."""
        out = self.run("reverse-etl", "plan", "--full", "--format", "json", *options)
        return {
            sync["sync"]: {
                change["key"]: change for change in sync["changes"] if change["operation"] != "held"
            }
            for sync in json.loads(out)["syncs"]
        }

    def apply(self, *options: str, expected: int = 0) -> dict[str, dict[str, Any]]:
        """Apply; what came of each sync."""
        out = self.run("reverse-etl", "apply", "--format", "json", *options, expected=expected)
        return {sync["sync"]: sync for sync in json.loads(out)["syncs"]}

    def approve(self, expected: int = 0) -> dict[str, dict[str, Any]]:
        """Save a plan and apply it by its name, as a first sync is."""
        path = self.company.home.folder / "approved.plan"
        self.run("reverse-etl", "plan", "--out", str(path))
        return self.apply("--plan", str(path), expected=expected)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with duckdb.connect(str(self.company.home.warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def records(self, collection: str) -> list[dict[str, Any]]:
        """Everything that the CRM holds, as its administrator sees it."""
        found: list[dict[str, Any]] = []
        page = 1
        while True:
            answer = self._crm(
                "get",
                f"api/collections/{collection}/records",
                params={"perPage": 1000, "page": page, "sort": "id"},
            )
            found += answer["items"]
            if page >= answer["totalPages"]:
                return found
            page += 1

    def edit(self, collection: str, record_id: str, **fields: Any) -> None:
        """Type something into the CRM, as its administrator."""
        self._crm("patch", f"api/collections/{collection}/records/{record_id}", json=fields)

    def add(self, collection: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Make a record in the CRM, as its administrator."""
        return self._crm("post", f"api/collections/{collection}/records", json=fields)

    def remove(self, collection: str, record_id: str) -> None:
        """Delete a record in the CRM, as its administrator."""
        self._crm("delete", f"api/collections/{collection}/records/{record_id}")

    def _crm(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        url = self.company.crm_url
        identity = demo_crm.ADMIN_EMAIL
        signed_in = requests.post(
            f"{url}api/collections/_superusers/auth-with-password",
            json={"identity": identity, "password": self.company.passwords.crm[identity]},
            timeout=30,
        )
        signed_in.raise_for_status()
        answer = requests.request(
            method,
            url + path,
            headers={"Authorization": signed_in.json()["token"]},
            timeout=60,
            **request,
        )
        answer.raise_for_status()
        return dict(answer.json()) if answer.content else {}
