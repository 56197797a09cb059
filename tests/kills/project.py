"""A project without dbt: a manifest by hand, and models that are tables set at will.

Two syncs, companies and the contacts that link to them, so that an `apply` costs as
little as it can and still does all that it does: it reads, adopts what people typed,
creates, updates, removes, links, and meets a record that the CRM refuses.
"""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

ROOT = Path(__file__).resolve().parents[2]
TYPED = 5
"""So many contacts people have typed before us; they are adopted, and stay."""
POISON = "poison"
"""The key of the contact that the CRM refuses, in whichever version."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a CRM calls what we have."""

    key: str
    company: str
    contact_name: str
    on_missing: str


@dataclass(slots=True)
class Models:
    """What the CRM should hold: by key, the columns."""

    companies: dict[str, dict[str, Any]] = field(default_factory=dict)
    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    revision: int = 0

    def begin(self, companies: int, contacts: int) -> None:
        """The first version."""
        for number in range(companies):
            self._put_company(f"c{number}")
        for number in range(contacts):
            self._put_contact(f"p{number}", f"c{number % companies}")
        self._put_contact(POISON, "c0")

    def change(self, chance: random.Random) -> None:
        """Some vanish, some change, some are new; every change is another revision."""
        free = [key for key in self.contacts if key != POISON and int(key[1:]) >= TYPED]
        for key in chance.sample(free, len(free) // 20):
            del self.contacts[key]
        companies = list(self.companies)
        for key in chance.sample(companies, len(companies) // 5):
            self._put_company(key)
        for key in chance.sample(list(self.contacts), len(self.contacts) // 5):
            self._put_contact(key, chance.choice(companies))
        for _ in range(len(free) // 10):
            # a number that was there and vanished comes back now and then
            number = chance.randrange(TYPED, 2 * len(self.contacts))
            self._put_contact(f"p{number}", chance.choice(companies))

    def _put_company(self, key: str) -> None:
        self.revision += 1
        self.companies[key] = {"name": f"公司 {key}", "amount": self.revision}

    def _put_contact(self, key: str, company: str) -> None:
        self.revision += 1
        email = "no mail" if key == POISON else f"{key}@example.com"
        self.contacts[key] = {
            "name": f"张三 {key}",
            "email": email,
            "amount": self.revision,
            "company": company,
        }

    @property
    def deliverable(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What the CRM can hold of it, by object and key."""
        contacts = {key: row for key, row in self.contacts.items() if key != POISON}
        return {"companies": self.companies, "contacts": contacts}


class Project:
    """A folder in which `reverse-etl` runs."""

    def __init__(self, folder: Path, names: Names, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.ledger = folder / "ledger.sqlite"
        self._warehouse = folder / "warehouse.duckdb"
        (folder / "target").mkdir(parents=True)
        manifest = json.dumps(_manifest(names))
        (folder / "target" / "manifest.json").write_text(manifest, encoding="utf-8")
        self._environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "DLT_PROJECT_DIR": str(folder),
            "TONGKE_WAREHOUSE": str(self._warehouse),
            "TONGKE_LEDGER": str(self.ledger),
            **{f"CRM__OURS__{name.upper()}": value for name, value in settings.items()},
        }

    def build(self, models: Models) -> None:
        """Write the models into the warehouse, as a build would."""
        self._warehouse.unlink(missing_ok=True)
        with duckdb.connect(str(self._warehouse)) as connection:
            connection.execute(
                "create schema activation; create schema operations; "
                "create table operations.build_results "
                "(unique_id varchar, status varchar, completed_at timestamp)"
            )
            for name, rows in (("companies", models.companies), ("contacts", models.contacts)):
                columns = {"id": list(rows)} | {
                    column: [row[column] for row in rows.values()]
                    for column in next(iter(rows.values()))
                }
                values = ", ".join(f"unnest(?) as {column}" for column in columns)
                connection.execute(
                    f"create table activation.sync_{name} as "
                    "select * replace ((amount / 100)::decimal(18, 2) as amount), "
                    f"md5(one::varchar) as fingerprint from (select {values}) as one",
                    list(columns.values()),
                )
                connection.execute(
                    "insert into operations.build_results values (?, 'success', now())",
                    [f"model.kills.sync_{name}"],
                )

    @contextmanager
    def started(self, *command: str) -> Iterator["subprocess.Popen[bytes]"]:
        """A command of `reverse-etl`, to be killed; it doesn't outlive the block."""
        with (
            (self.folder / "log").open("ab") as log,
            subprocess.Popen(
                ["reverse-etl", *command],
                cwd=self.folder,
                env=self._environment,
                stdout=log,
                stderr=log,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    def said(self) -> str:
        """The last that the started commands said."""
        log = self.folder / "log"
        return log.read_text(encoding="utf-8")[-4000:] if log.exists() else ""

    def run(self, *command: str, expected: int = 0) -> Any:
        """Run a command of `reverse-etl` undisturbed; what it says, as JSON."""
        done = subprocess.run(
            ["reverse-etl", *command, "--format", "json"],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == expected, f"{done.returncode}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)


def _manifest(names: Names) -> dict[str, Any]:
    companies = {
        "id": ("varchar", {"field": names.key}),
        "name": ("varchar", {"field": "name"}),
        "amount": ("decimal(18,2)", {"field": "amount"}),
    }
    contacts = {
        "id": ("varchar", {"field": names.key}),
        "name": ("varchar", {"field": names.contact_name}),
        "email": ("varchar", {"field": "email"}),
        "amount": ("decimal(18,2)", {"field": "amount"}),
        "company": ("varchar", {"field": names.company, "links_to": "companies"}),
    }
    # all may change at once: what is tried here is not the guard
    limit = {"share": "100%", "above": 1_000_000}
    common = {
        "destination": "ours",
        "key": "id",
        "on_missing": names.on_missing,
        "guard": dict.fromkeys(("creates", "updates", "archives"), limit),
    }
    return {
        "nodes": {
            f"model.kills.sync_{name}": {
                "unique_id": f"model.kills.sync_{name}",
                "resource_type": "model",
                "name": f"sync_{name}",
                "schema": "activation",
                "alias": f"sync_{name}",
                "columns": {
                    column: {"data_type": type_, "config": {"meta": meta}}
                    for column, (type_, meta) in {**columns, "fingerprint": ("varchar", {})}.items()
                },
            }
            for name, columns in (("companies", companies), ("contacts", contacts))
        },
        "exposures": {
            f"exposure.kills.{name}": {
                "name": name,
                "depends_on": {"nodes": [f"model.kills.sync_{name}"]},
                "config": {"meta": {"sync": {"object": name, **common, **own}}},
            }
            for name, own in (
                ("companies", {}),
                ("contacts", {"after": ["companies"], "match": [["email"]]}),
            )
        },
        "parent_map": {},
        "child_map": {},
    }
