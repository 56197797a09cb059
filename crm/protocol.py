"""What the engine and ingestion ask of a CRM, and what it answers.

A CRM file knows one API. It keeps no state beyond its connections and knows
nothing of plans: records go in, one outcome for each comes back.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

Value = str | int | float | bool | None
"""A field's value as it travels in JSON. Money and times travel as text."""

Operation = Literal["create", "update", "archive", "delete", "merge"]
"""Only some CRMs merge: one record goes into another of the same object, and can't come back."""
LengthUnit = Literal["characters", "utf16", "bytes"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object, as the CRM describes it."""

    name: str
    label: str
    type: str
    """`text`, `number`, `boolean`, `date`, `datetime`, `select`, `link`, or the CRM's own word."""
    required: bool = False
    """A new record must have it, and it can't be emptied."""
    read_only: bool = False
    unique: bool = False
    max_length: int | None = None
    options: tuple[str, ...] = ()
    links_to: str | None = None
    source: Literal["crm", "profile", "sample"] = "crm"
    """Who says so. A sample of records is no more than a guess at what there is."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this CRM can do, as far as the engine must know."""

    operations: frozenset[Operation]
    batch: Literal["atomic", "per_record", "none"]
    """atomic: one bad record undoes its batch; per_record: each stands alone; none: one a call."""
    max_batch: int
    max_find: int
    """How many values one `find` may ask for."""
    page_size: int
    """How many records a page of a scan holds."""
    repeatable_create: bool
    """The same create sent twice makes one record (an upsert by our key, or an id we choose)."""
    repeatable_batch: bool = False
    """A batch sent twice with the same `batch_id` is carried out once (an idempotency key)."""
    read_lag: float = 0.0
    """Seconds after which a write is surely visible to a read."""
    in_flight: int = 4
    """How many calls the connection carries at once; more of them only wait."""
    length_unit: LengthUnit = "characters"
    """What a field's `max_length` counts: Unicode's characters, UTF-16's units or UTF-8's bytes."""


# one of each for every record that is read or written, and a frozen one takes five times as long
# to make
@dataclass(slots=True)
class RemoteRecord:
    """A record as the CRM holds it."""

    remote_id: str
    fields: Mapping[str, Value] = field(repr=False)
    updated_at: str | None = None
    """UTC, `YYYY-MM-DDTHH:MM:SS.ffffffZ`."""
    formerly: tuple[str, ...] = ()
    """The ids of the records that were merged into it, as far as the CRM says them."""


@dataclass(slots=True)
class Write:
    """One record to be written."""

    key: str
    """Our key, as it stands in the CRM's external-id field: what an outcome is matched by."""
    operation: Operation
    remote_id: str | None
    """The CRM's id; None for a create."""
    fields: Mapping[str, Value] = field(repr=False)
    """Only the fields to be written; empty for archive, delete and merge."""
    into: str | None = None
    """Of a merge: the CRM's id of the record that lives on; `remote_id` is the one that goes."""


@dataclass(slots=True)
class Written:
    """The CRM said that this record was written."""

    key: str
    remote_id: str
    """Of a merge: the id of the record that lives on, which may be neither of the two."""
    observed: Mapping[str, Value] | None = field(default=None, repr=False)
    """The record as the CRM showed it after the write, if it did.

    A field that was sent and isn't in here was dropped by the CRM without a word.
    """
    refused: "tuple[Rejected, ...]" = ()
    """Fields that the CRM refused though it wrote the rest: associations, say."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The CRM refused this record; sending it again unchanged would be refused again."""

    key: str
    code: str
    message: str = field(repr=False)
    """In the CRM's own words, which may quote a value."""
    field_name: str | None = None


@dataclass(frozen=True, slots=True)
class NotWritten:
    """Surely not written, through no fault of its own (its batch was undone); send it again."""

    key: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The record to be updated or removed isn't there any more."""

    key: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The CRM didn't say what became of this one record; read it back before anything else."""

    key: str


@dataclass(frozen=True, slots=True)
class Pending:
    """Handed over; the CRM says later what became of it (a bulk job, a dropped file)."""

    key: str
    receipt: str
    """What `collect` is asked with, also by a later process; never personal data."""
    after: float = 1.0
    """Seconds before it is worth asking."""


Outcome = Written | Rejected | NotWritten | Gone | Unknown | Pending


class Crm(Protocol):
    """A CRM. Any call may raise RetryableError, UnknownOutcomeError (writes) or FatalError."""

    @property
    def capabilities(self) -> Capabilities:
        """What this CRM can do."""

    def describe(self, object_name: str) -> list[Field]:
        """The object's fields."""

    def scan(self, object_name: str, *, since: str | None = None) -> Iterator[list[RemoteRecord]]:
        """All records page by page, in the order of change; with `since`, those from then on."""

    def count(self, object_name: str) -> int | None:
        """How many records a scan would bring, if the CRM says so cheaply."""

    def find(self, object_name: str, field_name: str, values: Sequence[str]) -> list[RemoteRecord]:
        """The records whose field equals one of the values ("id": the CRM's own id).

        At most `capabilities.max_find` values a call.
        """

    def write(
        self, object_name: str, writes: Sequence[Write], *, batch_id: str | None = None
    ) -> list[Outcome]:
        """Write at most `max_batch` records of one operation; one outcome for each, by key.

        `batch_id` is the same when the same batch is sent again, and new otherwise.

        Raises:
            RetryableError: nothing of it was written.
            UnknownOutcomeError: all or a part may have been written.
            FatalError: nothing was written and nothing will be.
        """


@runtime_checkable
class Resumable(Protocol):
    """A CRM whose scan isn't in the order of change, but says where it is and goes on from there.

    Any other goes on with `since`, from the last change that was seen.
    """

    def scan_from(
        self, object_name: str, place: str | None, fields: Collection[str] | None = None
    ) -> Iterator[tuple[list[RemoteRecord], str | None]]:
        """All records behind a place; each page with the place behind it, None at the end.

        With `fields`, nothing else of a record is asked for; what comes all the same stays as it
        came.
        """


@runtime_checkable
class Linking(Protocol):
    """A CRM in which a link is made first, and the one that it replaces is taken away after it.

    If that is cut off in between, the record has both.
    """

    def let_go(self, object_name: str, field_name: str, former: Mapping[str, str]) -> None:
        """Take away what a field linked records to before, as far as it is still there.

        `former` has the CRM's ids of what they were linked to, by those of the records.

        Raises:
            RetryableError: it can't be said whether all of it is gone.
            FatalError: the CRM refuses us.
        """


@runtime_checkable
class Collecting(Protocol):
    """A CRM that answers later: what gives `Pending` outcomes must be able to collect them."""

    def collect(self, object_name: str, receipt: str) -> list[Outcome]:
        """What became of the records of a receipt, by key; `Pending` again for those still due.

        A receipt that the CRM doesn't know (any more) gives no outcome: its records are then
        read back.

        Raises:
            RetryableError: it can't be asked now.
            FatalError: the CRM refuses us.
        """
