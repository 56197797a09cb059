"""What can go wrong while data is landed, by what it costs.

Messages name the system, the file or page, and what to do. They carry no secret
and no value of a person's record.
"""


class IngestionError(Exception):
    """The base of all of them."""


class ConfigurationError(IngestionError):
    """A setting is missing or wrong; nothing was read. Mend the settings."""


class SourceError(IngestionError):
    """A source can't be read; nothing of it was landed. The other sources go on."""


class TableError(IngestionError):
    """One table of a source can't be landed; its other tables can."""

    def __init__(self, table: str, message: str) -> None:
        super().__init__(message)
        self.table = table
