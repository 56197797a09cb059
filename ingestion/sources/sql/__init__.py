"""Any database that SQLAlchemy speaks, read into Arrow.

What a row's newest version is, the database says by a cursor column; rows are read
from the cursor's newest landed value on, that value included, minus an overlap.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from ingestion.config import Instance, settings
from ingestion.errors import ConfigurationError, SourceError, TableError
from ingestion.landed import Landed
from ingestion.naming import column_name, distinct
from ingestion.sources.sql.columns import Column, column_of, declared
from ingestion.tables import Problem, Reading, Table

DEFAULT_LAG = 600.0
BATCH_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class SqlTable:
    """How one table is read: `[sources.<name>.tables.<raw table>]`."""

    table: str | None = None
    """Its name in the database, if it isn't the raw table's."""
    key: tuple[str, ...] = ()
    """The columns that tell rows apart; without it, the database's primary key."""
    cursor: str | None = None
    """The column that grows with every change; without it, every run compares every row."""
    lag: float | None = None
    """Seconds (or steps of a whole-number cursor) of overlap, if not the source's."""
    types: Mapping[str, str] = field(default_factory=dict)
    """Types that the database declares wrongly or not at all: `{price = "decimal(18,2)"}`."""
    exclude: tuple[str, ...] = ()
    """Columns that shall not leave the database."""


@dataclass(frozen=True, slots=True)
class SqlSettings:
    """`[sources.<name>]` of kind sql."""

    credentials: str = field(repr=False)
    """An SQLAlchemy URL, such as postgresql+psycopg2://reader:…@host/erp."""
    tables: Mapping[str, SqlTable]
    schema: str | None = None
    lag: float = DEFAULT_LAG


def open_source(instance: Instance) -> "SqlSource":
    """The source of an instance."""
    return SqlSource(instance.name, settings(instance, SqlSettings))


class SqlSource:
    """Tables of one database."""

    def __init__(self, name: str, config: SqlSettings) -> None:
        self._name = name
        self._config = config
        self._problems: list[Problem] = []
        self._plans: dict[str, _Plan] = {}
        try:
            url = sa.make_url(config.credentials)
            self._engine = _engine(url)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            # the URL holds the password: it is not repeated
            # SQLAlchemy counts an unknown database among the wrong arguments
            if isinstance(error, ArgumentError) and not isinstance(error, NoSuchModuleError):
                reason = (
                    "is no SQLAlchemy URL; expected something like "
                    "postgresql://user:password@host/database"
                )
            else:
                reason = f"{error}: install the driver that SQLAlchemy needs for this database"
            raise ConfigurationError(f"[sources.{name}] credentials: {reason}") from None
        self._where = url.render_as_string(hide_password=True)
        self._connection: sa.Connection | None = None

    def tables(self, landed: Landed) -> list[Table]:  # noqa: ARG002 - the protocol's signature
        """The configured tables as the database declares them now."""
        self._problems, self._plans = [], {}
        try:
            inspector = sa.inspect(self._engine)
            found = []
            for name, config in self._config.tables.items():
                try:
                    plan = self._plan(inspector, name, config)
                except TableError as error:
                    self._problems.append(Problem(name, str(error)))
                else:
                    self._plans[name] = plan
                    found.append(plan.table)
        except SQLAlchemyError as error:
            raise SourceError(
                f"{self._name}: can't connect to {self._where}: {_reason(error)}. "
                "Check that it runs and that the credentials are right"
            ) from None
        return found

    def read(self, reading: Reading) -> Iterator[pa.Table]:
        """The rows from the cursor's start on, and those without one."""
        plan = self._plans[reading.table.name]
        query = sa.select(*(column.selected for column in plan.columns)).select_from(plan.source)
        if reading.start is not None:
            cursor = next(c for c in plan.columns if c.name == reading.table.cursor)
            query = query.where(
                sa.or_(cursor.raw >= cursor.bound(reading.start), cursor.raw.is_(None))
            )
        try:
            result = self._connected().execute(query)
            while rows := result.fetchmany(BATCH_ROWS):
                yield plan.arrow(rows)
            result.close()
        except SQLAlchemyError as error:
            raise TableError(
                reading.table.name,
                f"{self._name}: reading {reading.table.name} from {self._where} failed: "
                f"{_reason(error)}",
            ) from None

    def problems(self) -> list[Problem]:
        """The tables that can't be read."""
        return list(self._problems)

    def close(self) -> None:
        """End the connections."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._engine.dispose()

    def _connected(self) -> sa.Connection:
        """One connection for all tables, so that where the database can, all are of one moment."""
        if self._connection is None:
            options: dict[str, object] = {"stream_results": True, "max_row_buffer": BATCH_ROWS}
            if self._engine.dialect.name in ("postgresql", "mysql", "mariadb"):
                options["isolation_level"] = "REPEATABLE READ"
            self._connection = self._engine.connect().execution_options(**options)
        return self._connection

    def _plan(self, inspector: sa.Inspector, name: str, config: SqlTable) -> "_Plan":
        origin = config.table or name
        if not (inspector.has_table(origin, schema=self._config.schema)):
            there = ", ".join(sorted(inspector.get_table_names(schema=self._config.schema))[:20])
            raise TableError(
                name,
                f"{self._name}: {self._where} has no table {origin}; it has {there or 'none'}. "
                f"Check [sources.{self._name}.tables.{name}]",
            )
        reflected = [
            column
            for column in inspector.get_columns(origin, schema=self._config.schema)
            if column["name"] not in config.exclude
        ]
        by_origin = dict(
            zip(
                (column["name"] for column in reflected),
                distinct(column_name(column["name"]) for column in reflected),
                strict=True,
            )
        )
        key = config.key or tuple(
            inspector.get_pk_constraint(origin, schema=self._config.schema)["constrained_columns"]
        )
        if not key:
            raise TableError(
                name,
                f"{self._name}: {origin} has no primary key; say which columns tell its rows "
                f'apart: [sources.{self._name}.tables.{name}] key = ["…"]',
            )
        for role, column in [*(("key", k) for k in key), ("cursor", config.cursor)]:
            if column is not None and column not in by_origin:
                raise TableError(
                    name,
                    f"{self._name}: {origin} has no column {column}, its {role}; it has "
                    f"{', '.join(by_origin)}. Nothing of the table was landed: mend "
                    f"[sources.{self._name}.tables.{name}] {role}",
                )
        source = sa.table(
            origin, *(sa.column(c["name"]) for c in reflected), schema=self._config.schema
        )
        columns = [
            column_of(
                by_origin[column["name"]],
                source.c[column["name"]],
                declared(config.types[column["name"]], f"[sources.{self._name}.tables.{name}]")
                if column["name"] in config.types
                else column["type"],
                self._engine.dialect.name,
            )
            for column in reflected
        ]
        table = Table(
            name,
            tuple(by_origin[k] for k in key),
            pa.schema([(column.name, column.type) for column in columns]),
            cursor=by_origin[config.cursor] if config.cursor else None,
            lag=self._lag(config, columns, by_origin.get(config.cursor or "")),
        )
        return _Plan(self._name, table, source, columns)

    def _lag(self, config: SqlTable, columns: list[Column], cursor: str | None) -> float:
        if config.lag is not None:
            return config.lag
        numeric = any(c.name == cursor and pa.types.is_integer(c.type) for c in columns)
        return 0.0 if numeric else self._config.lag


@dataclass(frozen=True, slots=True)
class _Plan:
    source_name: str
    table: Table
    source: sa.TableClause
    columns: list[Column]

    def arrow(self, rows: Sequence[sa.Row]) -> pa.Table:  # type: ignore[type-arg]  # any row
        """Rows of the database as an Arrow table."""
        arrays = []
        for column, values in zip(self.columns, zip(*rows, strict=True), strict=True):
            try:
                arrays.append(column.array(values))
            except (pa.ArrowException, ValueError, TypeError, OverflowError):
                raise TableError(self.table.name, self._misfit(column, values, rows)) from None
        return pa.Table.from_arrays(arrays, schema=self.table.columns)

    def _misfit(self, column: Column, values: tuple[object, ...], rows: Sequence[sa.Row]) -> str:  # type: ignore[type-arg]  # any row
        """Which row holds what its column can't; the value itself isn't shown."""
        place = [c.name for c in self.columns]
        for value, row in zip(values, rows, strict=True):
            try:
                column.array((value,))
            except (pa.ArrowException, ValueError, TypeError, OverflowError):
                keys = ", ".join(f"{k} = {row[place.index(k)]}" for k in self.table.key)
                return (
                    f"{self.source_name}: {self.table.name}.{column.name} is declared "
                    f"{column.type}, but the row with {keys} holds something else "
                    f"({type(value).__name__}). Nothing of the table was landed: mend the row, "
                    f"or declare it: [sources.{self.source_name}.tables.{self.table.name}.types] "
                    f'{column.name} = "text"'
                )
        return f"{self.source_name}: {self.table.name}.{column.name} doesn't fit {column.type}"


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() == "sqlite" and url.database and not url.query:
        # read-only, so that a typing error in the path makes no empty database
        return sa.create_engine(
            url.set(database=f"file:{url.database}", query={"mode": "ro", "uri": "true"})
        )
    if url.drivername == "postgresql":
        # the driver that comes with the project, whichever SQLAlchemy would rather have
        url = url.set(drivername="postgresql+psycopg2")
    return sa.create_engine(url)


def _reason(error: SQLAlchemyError) -> str:
    """What the database said, in one line and without the statement and its values."""
    text = str(error.orig) if isinstance(error, DBAPIError) and error.orig else str(error)
    return " ".join(text.split())
