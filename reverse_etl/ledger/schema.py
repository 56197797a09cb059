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


about = Table(
    "about",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    comment="the version of this schema",
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("sync", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("started_at", Text, nullable=False),
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
    Column("sync", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("remote_id", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("fingerprint", Text),
    Column("sent", Text, nullable=False),
    Column("observed", Text),
    Column("changed_at", Text, nullable=False),
    Column("run_id", Text, nullable=False),
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
    Column("run_id", Text, nullable=False),
    Column("sync", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("intent_at", Text, nullable=False),
    Column("records", Integer, nullable=False),
    Column("attempts", Text, nullable=False),
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
    Column("run_id", Text, nullable=False),
    Column("sync", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("remote_id", Text),
    Column("fields", Text, nullable=False),
    Column("batch_id", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("intent_at", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("outcome_at", Text, nullable=False),
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
    Column("payload", Text, nullable=False),
    Column("before", Text),
    Column("message", Text),
    comment="values, apart from the facts, so that they can be erased: JSON; the CRM's own words",
)

rejects = Table(
    "rejects",
    metadata,
    Column("sync", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("last_at", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("operation", Text, nullable=False),
    Column("error_code", Text, nullable=False),
    Column("error_field", Text),
    Column("fingerprint", Text),
    Column("run_id", Text, nullable=False),
    Column("delivery_id", Integer, nullable=False),
    PrimaryKeyConstraint("sync", "key"),
    _is_one_of("state", "waiting", "resolved"),
    comment="the retry queue: tried again when the record changes, or when a person says so",
)

reviews = Table(
    "reviews",
    metadata,
    Column("sync", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("review_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("ours_hash", Text, nullable=False),
    Column("theirs_hash", Text, nullable=False),
    Column("answer", Text),
    Column("answer_hash", Text),
    Column("answered_by", Text),
    Column("answered_at", Text),
    Column("reason", Text),
    Column("settled_at", Text),
    Column("run_id", Text, nullable=False),
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
    Column("sync", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("field", Text, nullable=False),
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
    Column("run_id", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_started", Text, nullable=False),
    Column("taken_at", Text, nullable=False),
    comment="who is applying a sync now",
)

erasures = Table(
    "erasures",
    metadata,
    Column("erasure_id", Integer, primary_key=True, autoincrement=True),
    Column("sync", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("erased_at", Text, nullable=False),
    Column("deliveries", Integer, nullable=False),
    comment=(
        "append-only: whose values were erased, and of how many deliveries; ingestion takes out "
        "of the warehouse what it landed of them before"
    ),
    sqlite_autoincrement=True,
)
