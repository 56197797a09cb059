"""The ledger's tables.

Facts of delivery (which key, what, when, with what outcome) and values (what
was in the fields) lie in different tables, so that values can be erased while
the history stays. Values are JSON text, money is text inside it, times are UTC
text of one fixed form: other readers of an SQLite file (DuckDB among them)
would read a DECIMAL as a float and fail on a bad date.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

VERSION = 2

UNDOING = ("restore", "release", "withdraw")
"""The operations of an undo: fields get back what they held; with that, a record that was adopted
is let go; a record that we created is removed again."""

metadata = MetaData()


def _is_one_of(column: str, *values: str) -> CheckConstraint:
    """A constraint on a column's values.

    Not with `in`: for that SQLite fills a table of its own anew for every row, which takes
    as long as the row itself.
    """
    return CheckConstraint(" or ".join(f"{column} = '{value}'" for value in values))


def _text(name: str) -> Column[str]:
    """A column that always says something."""
    return Column(name, Text, nullable=False)


about = Table(
    "about",
    metadata,
    Column("name", Text, primary_key=True),
    _text("value"),
    comment="the version of this schema",
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    _text("sync"),
    _text("command"),
    _text("status"),
    _text("started_at"),
    Column("finished_at", Text),
    Column("plan_id", Text),
    Column("mapping_hash", Text),
    Column("invocation_id", Text),
    Column("counts", Text),
    Column("message", Text),
    Column("undoes", Text),
    _is_one_of("status", "running", "done", "partial", "failed", "stopped", "interrupted"),
    Index("runs_by_sync", "sync", "started_at"),
    comment="one row a sync and run; counts is JSON, and so are the runs that an undo undoes",
)

records = Table(
    "records",
    metadata,
    _text("sync"),
    _text("key"),
    _text("destination"),
    _text("object"),
    _text("remote_id"),
    _text("origin"),
    _text("state"),
    Column("fingerprint", Text),
    _text("sent"),
    Column("observed", Text),
    _text("changed_at"),
    _text("run_id"),
    PrimaryKeyConstraint("sync", "key"),
    _is_one_of("origin", "created", "adopted"),
    _is_one_of("state", "live", "gone", "archived", "deleted", "merged", "undone"),
    comment=(
        "what each record in the CRM is known to hold: the id map, the values we last sent, and "
        "those that the CRM then showed where they differ; fingerprint is null while something "
        "of the record waits to be sent; gone is what somebody else took out of the CRM; a merged "
        "one is another key's record now, or was left beside it; undone is what an undo took back, "
        "and isn't wanted until its row changes"
    ),
)

intents = Table(
    "intents",
    metadata,
    Column("batch_id", Text, primary_key=True),
    _text("run_id"),
    _text("sync"),
    _text("operation"),
    _text("intent_at"),
    Column("records", Integer, nullable=False),
    _text("attempts"),
    Column("receipt", Text),
    comment=(
        "what is under way: a batch is written here before its request leaves, and goes when the "
        "outcome of each of its records is in deliveries; what a crash leaves here is read back, "
        "or collected where the CRM gave a receipt for it"
    ),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", Integer, primary_key=True, autoincrement=True),
    _text("run_id"),
    _text("sync"),
    _text("key"),
    _text("operation"),
    Column("remote_id", Text),
    _text("fields"),
    _text("batch_id"),
    Column("attempt", Integer, nullable=False),
    _text("intent_at"),
    _text("outcome"),
    _text("outcome_at"),
    Column("error_code", Text),
    Column("error_field", Text),
    _is_one_of(
        "operation",
        *("create", "adopt", "update", "merge", "archive", "delete"),
        *UNDOING,
    ),
    _is_one_of("outcome", "written", "rejected", "not_written", "gone"),
    Index("deliveries_by_key", "sync", "key"),
    comment=(
        "append-only: one row for each record that was sent, when its outcome is known; attempt "
        "is how often its batch was sent until then"
    ),
    sqlite_autoincrement=True,
)

delivery_values = Table(
    "delivery_values",
    metadata,
    Column("delivery_id", Integer, primary_key=True, autoincrement=False),
    _text("payload"),
    Column("before", Text),
    Column("message", Text),
    comment="values, apart from the facts, so that they can be erased: JSON; the CRM's own words",
)

rejects = Table(
    "rejects",
    metadata,
    _text("sync"),
    _text("key"),
    _text("state"),
    _text("since"),
    _text("last_at"),
    Column("attempts", Integer, nullable=False),
    _text("operation"),
    _text("error_code"),
    Column("error_field", Text),
    Column("fingerprint", Text),
    _text("run_id"),
    Column("delivery_id", Integer, nullable=False),
    PrimaryKeyConstraint("sync", "key"),
    _is_one_of("state", "waiting", "resolved"),
    comment="the retry queue: tried again when the record changes, or when a person says so",
)

reviews = Table(
    "reviews",
    metadata,
    _text("sync"),
    _text("key"),
    _text("field"),
    _text("review_id"),
    _text("state"),
    _text("since"),
    _text("ours_hash"),
    _text("theirs_hash"),
    Column("answer", Text),
    Column("answer_hash", Text),
    Column("answered_by", Text),
    Column("answered_at", Text),
    Column("reason", Text),
    Column("settled_at", Text),
    _text("run_id"),
    PrimaryKeyConstraint("sync", "key", "field"),
    _is_one_of("state", "open", "answered", "settled"),
    _is_one_of("answer", "ours", "theirs", "value"),
    Index("reviews_by_id", "review_id"),
    comment=(
        "fields in conflict, which a person is asked about: an answer holds for the two values "
        "whose hashes are here, and review_id is made of them; settled is what needs no answer "
        "any more, with the answer that still holds if there was one"
    ),
)

review_values = Table(
    "review_values",
    metadata,
    _text("sync"),
    _text("key"),
    _text("field"),
    Column("ours", Text),
    Column("theirs", Text),
    Column("answer_value", Text),
    PrimaryKeyConstraint("sync", "key", "field"),
    comment="values, apart from the facts, so that they can be erased: as text; empty is null",
)

leases = Table(
    "leases",
    metadata,
    Column("sync", Text, primary_key=True),
    _text("run_id"),
    _text("host"),
    Column("pid", Integer, nullable=False),
    _text("process_started"),
    _text("taken_at"),
    comment="who is applying a sync now",
)

erasures = Table(
    "erasures",
    metadata,
    Column("erasure_id", Integer, primary_key=True, autoincrement=True),
    _text("sync"),
    _text("key"),
    _text("erased_at"),
    Column("deliveries", Integer, nullable=False),
    comment=(
        "append-only: whose values were erased, and of how many deliveries; ingestion takes out "
        "of the warehouse what it landed of them before"
    ),
    sqlite_autoincrement=True,
)
