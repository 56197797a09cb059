"""Workbooks dropped into a folder: one sheet, one raw table."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingestion.config import Instance, settings
from ingestion.sources.drop import DropSource, DropTable
from ingestion.sources.workbooks.headers import HEADERS, TABLES
from ingestion.sources.workbooks.xlsx import Workbook


@dataclass(frozen=True, slots=True)
class WorkbookSettings:
    """`[sources.<name>]` of kind workbooks."""

    folder: str
    tables: Mapping[str, DropTable] = field(default_factory=lambda: TABLES)
    """Raw table → its sheet and key; without it, an invoice ledger's 发票 and 收款."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header → column, besides those that are known; `group/header` under merged cells."""


def open_source(instance: Instance) -> DropSource:
    """The source of an instance."""
    config = settings(instance, WorkbookSettings)
    return DropSource(
        instance.name,
        config.folder,
        config.tables,
        {**HEADERS, **config.headers},
        Workbook(),
    )
