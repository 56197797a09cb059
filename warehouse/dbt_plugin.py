"""What dbt-duckdb does to each of its connections."""

from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from warehouse import functions
from warehouse.garbage import collect_less_often


class Plugin(BasePlugin):
    """Registers the project's functions; keeps DuckDB from looking for extensions online."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Take no configuration; dbt does this once, when its manifest is in memory."""
        del plugin_config
        collect_less_often()

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
