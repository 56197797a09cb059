"""Settings, from where dlt has them: the environment, `.dlt/secrets.toml`, `.dlt/config.toml`.

dlt reads them too, but to import it takes half a second and 25 MB, as much as thousands of
records. So the usual places are read here, in dlt's order, and dlt is asked where it may know
of others: a vault that `[providers]` names, a folder for the whole machine, Airflow.
"""

import os
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FILES = ("secrets.toml", "config.toml")
_SECRETS = Path("/run/secrets")
_KNOWN_BY_DLT = ("airflow", "dlthub", "dlt_plus")
"""Packages that give dlt settings, if they are installed."""


class Settings:
    """What is set now; the files are read once."""

    def __init__(self) -> None:
        self._files = None if _only_dlt_knows() else _read_files()

    def get(self, key: str) -> Any:
        """A setting, None if there is none; `crm.erp.kind` is CRM__ERP__KIND in the environment."""
        if self._files is None:
            return _dlt().config.get(key)
        if (value := os.environ.get(_variable(key))) is not None:
            return value
        secrets, config = self._files
        value = _in(secrets, key)
        return _in(config, key) if value is None else value

    def secret(self, key: str) -> Any:
        """A secret, None if there is none; config.toml isn't where one stands."""
        if self._files is None or _SECRETS.exists():
            return _dlt().secrets.get(key)
        if (value := os.environ.get(_variable(key))) is not None:
            return value
        return _in(self._files[0], key)


def _variable(key: str) -> str:
    return key.replace(".", "__").upper()


def _in(file: Mapping[str, Any], key: str) -> Any:
    value: Any = file
    for step in key.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _folder() -> Path:
    environment = os.environ
    return Path(
        environment.get("DLT_PROJECT_DIR", "."), environment.get("DLT_CONFIG_FOLDER", ".dlt")
    )


def _read_files() -> tuple[dict[str, Any], dict[str, Any]] | None:
    """What secrets.toml and config.toml say; None if they send one to dlt."""
    found: list[dict[str, Any]] = []
    for name in FILES:
        try:
            found.append(tomllib.loads((_folder() / name).read_text(encoding="utf-8")))
        except FileNotFoundError:
            found.append({})
        except (OSError, ValueError):
            return None  # dlt says what is wrong with it
    secrets, config = found
    return None if "providers" in {*secrets, *config} else (secrets, config)


def _only_dlt_knows() -> bool:
    if "dlt" in sys.modules or any(name.startswith("PROVIDERS__") for name in os.environ):
        return True
    shared = [Path.home() / ".dlt", Path("/var/dlt"), Path(tempfile.gettempdir()) / "dlt"]
    shared += [Path(home) / "dlt" for home in [os.environ.get("XDG_DATA_HOME")] if home]
    if any((folder / name).exists() for folder in shared for name in FILES):
        return True
    return any(find_spec(name) is not None for name in _KNOWN_BY_DLT)


def _dlt() -> Any:
    import dlt  # noqa: PLC0415 - as said above

    return dlt
