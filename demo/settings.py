"""The settings with which ingestion and reverse ETL find the demo's systems: dlt's own two files.

Passwords are drawn anew for every demo. They stand in `secrets.toml`, which only its owner reads.
"""

import secrets
import tomllib
from dataclasses import dataclass
from pathlib import Path

from demo import crm, helpdesk
from demo.layout import Home
from demo.vocabulary import SALESPEOPLE

CONFIG = """\
# Written by `python -m demo start`; the next start writes it anew.
[runtime]
dlthub_telemetry = false

[sources.erp]
kind = "sql"

[sources.erp.tables]
customers = {{ cursor = "updated_at" }}
contacts = {{ cursor = "updated_at" }}
orders = {{ cursor = "updated_at" }}
order_lines = {{ cursor = "updated_at" }}

[sources.helpdesk]
kind = "roundup"
url = "{helpdesk_url}"

[sources.finance]
kind = "workbooks"
folder = "{finance}"

[sources.shop]
kind = "csv_drop"
folder = "{shop}"

[sources.selfbuilt]
kind = "crm"
connection = "selfbuilt"

[sources.ledger]
kind = "ledger"

[crm.selfbuilt]
kind = "selfbuilt"
profile = "{crm_profile}"
base_url = "{crm_url}"
rate = {{ per_second = 50, in_flight = 4 }}
"""


CRM_PROFILE = Path(__file__).with_name("crm.yml")
"""What the company calls its CRM's fields; the rest of the profile is PocketBase's."""


@dataclass(frozen=True)
class Passwords:
    """Who signs in where, and with what."""

    helpdesk: dict[str, str]
    """By user name: admin, the integration, the agent."""
    crm: dict[str, str]
    """By e-mail address: the administrator, the integration, the salespeople."""


def _password() -> str:
    # no dash, which at the beginning would make it an option of the command that takes it
    return secrets.token_hex(16)


def draw_passwords() -> Passwords:
    """Draw a password for everybody."""
    salespeople = [crm.salesperson_email(pinyin) for _, pinyin in SALESPEOPLE]
    return Passwords(
        helpdesk={
            name: _password() for name in ("admin", helpdesk.INTEGRATION_USER, helpdesk.AGENT_USER)
        },
        crm={
            email: _password() for email in (crm.ADMIN_EMAIL, crm.INTEGRATION_EMAIL, *salespeople)
        },
    )


def write(home: Home, helpdesk_url: str, crm_url: str, passwords: Passwords) -> None:
    """Write config.toml and secrets.toml."""
    home.settings.mkdir(parents=True, exist_ok=True)
    config = CONFIG.format(
        helpdesk_url=helpdesk_url.rstrip("/"),
        crm_url=crm_url.rstrip("/"),
        crm_profile=CRM_PROFILE.as_posix(),
        finance=home.finance.resolve().as_posix(),
        shop=home.shop.resolve().as_posix(),
    )
    (home.settings / "config.toml").write_text(config, encoding="utf-8")
    sections = {
        "sources.erp": {"credentials": f"sqlite:///{home.erp.resolve().as_posix()}"},
        "sources.helpdesk": {
            "username": helpdesk.INTEGRATION_USER,
            "password": passwords.helpdesk[helpdesk.INTEGRATION_USER],
        },
        "crm.selfbuilt": {
            "identity": crm.INTEGRATION_EMAIL,
            "password": passwords.crm[crm.INTEGRATION_EMAIL],
        },
        # what only the demo itself uses: to administrate its servers, and to play their users
        "demo.helpdesk": passwords.helpdesk,
        "demo.crm": passwords.crm,
    }
    path = _secrets_path(home)
    # it is closed to others before there is anything in it
    path.touch(mode=0o600)
    path.write_text(_toml(sections), encoding="utf-8")


def read_passwords(home: Home) -> Passwords:
    """Read the passwords of a demo that was started before."""
    written = tomllib.loads(_secrets_path(home).read_text(encoding="utf-8"))["demo"]
    return Passwords(helpdesk=written["helpdesk"], crm=written["crm"])


def _secrets_path(home: Home) -> Path:
    return home.settings / "secrets.toml"


def _toml(sections: dict[str, dict[str, str]]) -> str:
    """Write sections of plain texts; every key and value is ours and needs no escape."""
    return "\n".join(
        f"[{section}]\n" + "".join(f'"{key}" = "{value}"\n' for key, value in values.items())
        for section, values in sections.items()
    )
