"""What dbt-duckdb does to each of its connections."""

import gc
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from warehouse import functions


class Plugin(BasePlugin):
    """Registers the project's functions; keeps DuckDB from looking for extensions online."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Take no configuration; dbt does this once, at its start."""
        del plugin_config
        # Python would look through dbt's large manifest for garbage again and again, for a fifth
        # of the demo's build; so its memory grows to half a gigabyte instead
        gc.set_threshold(500_000, 20, 1_000)

    def update_connection_config(self, creds: Any, config: dict[str, Any]) -> None:
        """Set what can only be set before the connection opens."""
        # without its folder the file can't be made, which looks like a lock and is retried for
        # half a minute, model by model
        if creds.path != ":memory:":
            Path(creds.path).parent.mkdir(parents=True, exist_ok=True)
        config.setdefault("autoinstall_known_extensions", "false")

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Register the functions."""
        functions.register(conn)
