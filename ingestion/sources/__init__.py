"""The kinds of source: each is a folder that knows one kind of system, and nothing of dlt."""

from collections.abc import Callable
from importlib import import_module

from ingestion.config import Instance
from ingestion.errors import ConfigurationError
from ingestion.tables import Source

KINDS = ("crm", "csv_drop", "ledger", "roundup", "sql", "workbooks")


def open_source(instance: Instance) -> Source:
    """The source of an instance, by its kind; its module is imported only now.

    Raises:
        ConfigurationError: nobody knows the kind, or its settings are wrong.
    """
    if instance.kind not in KINDS:
        raise ConfigurationError(
            f"[sources.{instance.name}] kind = {instance.kind!r} is unknown: "
            f"there are {', '.join(KINDS)}"
        )
    opener: Callable[[Instance], Source] = import_module(
        f"ingestion.sources.{instance.kind}"
    ).open_source
    return opener(instance)
