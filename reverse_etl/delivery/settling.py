"""What became of a record, as the ledger keeps it."""

from collections.abc import Mapping
from dataclasses import replace

from crm.protocol import Rejected, RemoteRecord, Value, Written
from crm.values import text
from reverse_etl.delivery.batch import Batch
from reverse_etl.ledger import UNDOING, Attempt, Known, Merged, Settled, State
from reverse_etl.plan import MERGED_INTO
from reverse_etl.values import differ_in_form

REMOVED: Mapping[str, State] = {
    "archive": "archived",
    "delete": "deleted",
    "withdraw": "undone",
}


def written(
    batch: Batch, attempt: Attempt, remote_id: str, shown: Mapping[str, Value] | None
) -> Settled:
    """Settle a record that was written, and that the CRM shows like this, as far as it says."""
    if attempt.operation in REMOVED:
        return gone(batch, attempt)
    if attempt.operation in UNDOING:
        return _put_back(batch, attempt, remote_id, shown)
    if attempt.operation == "merge":
        return merged(batch, attempt, remote_id)
    payload = attempt.payload
    observed = {}
    if attempt.observed:
        observed = {k: v for k, v in attempt.observed.items() if k not in payload}
    # most are the same to the letter; only the others are worth a closer look
    if shown is not None and shown != payload:
        for name, value in payload.items():
            there = shown.get(name)
            if there != value and text(there) != text(value):
                observed[name] = there
    known = Known(
        attempt.key,
        remote_id,
        attempt.origin,
        # with something left to be sent, the record is looked at again
        None if attempt.is_part else attempt.fingerprint,
        {**attempt.sent, **payload} if attempt.sent else payload,
        observed,
        sent_json="" if attempt.sent else attempt.payload_json,
    )
    # as `settled` does it; this one is made for nearly every record
    return Settled(
        attempt, "written", known, None, None, None, batch.sends, batch.batch_id, batch.intent_at
    )


def _put_back(
    batch: Batch, attempt: Attempt, remote_id: str, shown: Mapping[str, Value] | None
) -> Settled:
    """Fields hold again what they held before us; what we had sent stays what was last sent.

    So the next plan sees nothing to do: ours is what was sent, theirs what the CRM showed then.
    """
    known = Known(
        attempt.key,
        remote_id,
        attempt.origin,
        None if attempt.is_part else attempt.fingerprint,
        attempt.sent,
        _observed(attempt, shown or {}),
        "undone" if attempt.operation == "release" and not attempt.is_part else "live",
    )
    return batch.settled(attempt, "written", known=known)


def _observed(attempt: Attempt, shown: Mapping[str, Value]) -> Mapping[str, Value]:
    """What the CRM shows where that isn't what we had sent, after fields were put back."""
    there = {name: shown.get(name, value) for name, value in attempt.payload.items()}
    return {
        name: value
        for name, value in {**attempt.observed, **there}.items()
        if name not in there or text(value) != text(attempt.sent.get(name))
    }


def merged(batch: Batch, attempt: Attempt, lives_on: str) -> Settled:
    """A record that is another's now, under the id that this one has in the CRM."""
    known = Known(
        attempt.key,
        str(attempt.remote_id),
        attempt.origin,
        None,
        attempt.sent,
        attempt.observed,
        "merged",
    )
    winner = Merged(str(attempt.payload[MERGED_INTO]), lives_on)
    return batch.settled(attempt, "written", known=known, lives_on=winner)


def written_in_part(batch: Batch, attempt: Attempt, outcome: Written) -> list[Settled]:
    """A record that was written but for fields that the CRM refused: it is in the queue as well."""
    refused = {each.field_name for each in outcome.refused}
    rest = {k: v for k, v in attempt.payload.items() if k not in refused}
    taken = replace(attempt, payload=rest, payload_json="", is_part=True)
    return [
        written(batch, taken, outcome.remote_id, outcome.observed),
        # one entry a record: what the CRM said first
        rejected(batch, replace(attempt, remote_id=outcome.remote_id), outcome.refused[0]),
    ]


def rejected(batch: Batch, attempt: Attempt, outcome: Rejected) -> Settled:
    """Settle a record that the CRM refused, in its own words."""
    return batch.settled(
        attempt,
        "rejected",
        error_code=outcome.code,
        error_field=outcome.field_name,
        message=outcome.message,
    )


def found(attempt: Attempt, record: RemoteRecord) -> tuple[Attempt | None, Attempt | None]:
    """What of a record was written, and what wasn't, from what it holds now.

    Perhaps not all of it is there: a CRM that writes a record and its links by requests of
    their own may have been cut off in between. Only a field that shows the value that we sent
    counts as sent, in the CRM's own form as well, unless that is what stood there before:
    anything else may be a person's since, and to send it once more does no harm. Of a new
    record the next plan does that; one that shows another value may be one that they made
    and gave our key, so it counts as found there, and is never removed.
    """
    there = _there(attempt, record)
    if len(there) == len(attempt.payload):
        return attempt, None
    written = replace(attempt, payload=there, payload_json="", is_part=True)
    if attempt.operation == "create":
        is_another = any(text(record.fields.get(name)) for name in attempt.payload.keys() - there)
        return (replace(written, origin="adopted") if is_another else written), None
    if not there:
        return None, attempt
    rest = {name: value for name, value in attempt.payload.items() if name not in there}
    # what an undo puts back is nothing that we want there
    sent = attempt.sent if attempt.operation in UNDOING else {**attempt.sent, **there}
    observed = _observed(replace(written, sent=sent), record.fields)
    return written, replace(attempt, payload=rest, payload_json="", sent=sent, observed=observed)


def holds_all(attempt: Attempt, record: RemoteRecord) -> bool:
    """Whether a record shows every value that was sent."""
    return len(_there(attempt, record)) == len(attempt.payload)


def _there(attempt: Attempt, record: RemoteRecord) -> dict[str, Value]:
    """The values that were sent and that a record shows, in the CRM's own form as well."""
    before = {} if attempt.operation == "create" else attempt.before
    there = {}
    for name, value in attempt.payload.items():
        shown = record.fields.get(name)
        if text(shown) == text(value) or (
            before is not None
            and differ_in_form(shown, value)
            and not differ_in_form(before.get(name), value)
        ):
            there[name] = value
    return there


def gone(batch: Batch, attempt: Attempt) -> Settled:
    """Settle a record that isn't in the CRM any more, which some operations want."""
    if attempt.operation == "merge":
        # which of the two isn't there the next plan sees, and says what follows
        return batch.settled(attempt, "not_written")
    message = "the record isn't in the CRM any more"
    if attempt.operation == "adopt" or attempt.remote_id is None:
        return batch.settled(attempt, "gone", error_code="gone", message=message)
    if attempt.operation not in REMOVED:
        known = Known(
            attempt.key,
            attempt.remote_id,
            attempt.origin,
            None,
            attempt.sent,
            attempt.observed,
            "gone",
        )
        return batch.settled(attempt, "gone", error_code="gone", message=message, known=known)
    # what was to be removed and isn't there is what we wanted
    known = Known(
        attempt.key,
        attempt.remote_id,
        attempt.origin,
        # of what was undone: as long as its row is the same, it isn't wanted again
        attempt.fingerprint,
        attempt.sent,
        attempt.observed,
        REMOVED[attempt.operation],
    )
    return batch.settled(attempt, "written", known=known)
