"""Settings are what dlt would say, whether or not dlt was asked."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BOTH = """
import json, sys
from crm.settings import Settings

KEYS = ["crm.erp.kind", "crm.erp.rate.in_flight", "crm.erp.rate", "crm.erp.token", "crm.erp.none"]
ours = Settings()
said = [[ours.get(key) for key in KEYS], [ours.secret(key) for key in KEYS]]
was_asked = "dlt" in sys.modules
import dlt
theirs = [[dlt.config.get(key) for key in KEYS], [dlt.secrets.get(key) for key in KEYS]]
print(json.dumps([said, theirs, was_asked]))
"""

CONFIG = '[crm.erp]\nkind = "selfbuilt"\nrate = { in_flight = 4 }\ntoken = "misplaced"\n'
SECRETS = '[crm.erp]\ntoken = "s3cret"\n'
VAULT = "[providers]\nenable_google_secrets = false\n"


@pytest.mark.parametrize(
    ("config", "secrets", "environment", "is_dlt_asked"),
    [
        ("", "", {}, False),
        (CONFIG, "", {}, False),
        (CONFIG, SECRETS, {}, False),
        (CONFIG, SECRETS, {"CRM__ERP__KIND": "hubspot", "CRM__ERP__RATE__IN_FLIGHT": "8"}, False),
        ("", "", {"CRM__ERP__TOKEN": "from outside"}, False),
        ("[crm.erp]\nrate = 3\n", '[crm.erp]\nkind = "in the secrets"\n', {}, False),
        (CONFIG + VAULT, SECRETS, {}, True),
        (CONFIG, SECRETS, {"PROVIDERS__ENABLE_GOOGLE_SECRETS": "false"}, True),
    ],
)
def test_a_setting_is_what_dlt_would_say(
    tmp_path: Path, config: str, secrets: str, environment: dict[str, str], *, is_dlt_asked: bool
) -> None:
    folder = tmp_path / ".dlt"
    folder.mkdir()
    (folder / "config.toml").write_text(config, encoding="utf-8")
    (folder / "secrets.toml").write_text(secrets, encoding="utf-8")
    ours, theirs, was_asked = _ask(tmp_path, environment)
    assert ours == theirs
    assert was_asked == is_dlt_asked


def test_a_folder_for_the_whole_machine_counts_as_well(tmp_path: Path) -> None:
    shared = tmp_path / "share" / "dlt"
    shared.mkdir(parents=True)
    (shared / "config.toml").write_text(CONFIG, encoding="utf-8")
    ours, theirs, was_asked = _ask(tmp_path, {"XDG_DATA_HOME": str(shared.parent)})
    assert ours == theirs
    assert was_asked


def _ask(project: Path, environment: dict[str, str]) -> list[object]:
    home = project / "home"
    home.mkdir()
    inherited = {
        name: text for name, text in os.environ.items() if not name.startswith(("CRM__", "DLT_"))
    }
    done = subprocess.run(
        [sys.executable, "-c", BOTH],
        env=inherited | {"HOME": str(home), "DLT_PROJECT_DIR": str(project)} | environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    said: list[object] = json.loads(done.stdout)
    return said
