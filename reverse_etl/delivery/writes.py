"""A record as it goes out: the request that the CRM file is given, with the CRM's own ids."""

from collections.abc import Collection, Mapping

from crm.protocol import Operation, Value, Write
from reverse_etl.delivery.settling import REMOVED
from reverse_etl.ledger import Attempt

_VERBS: Mapping[str, Operation] = {
    "create": "create",
    "adopt": "update",
    "update": "update",
    "restore": "update",
    "release": "update",
    "merge": "merge",
    "archive": "archive",
    "delete": "delete",
}
INTO_ID = "merged_into_id"
"""What a merge's payload holds besides its key: the CRM's id of the record that lives on."""


def verb_of(operation: str, supported: Collection[Operation]) -> Operation:
    """What the CRM is asked to do, out of what it can do."""
    if operation == "withdraw":
        # what can be taken out of a bin again, before what is gone for good
        return "archive" if "archive" in supported else "delete"
    return _VERBS[operation]


def write_of(verb: Operation, attempt: Attempt) -> Write:
    """Give what the CRM file is to write of a record."""
    if verb == "merge":
        return Write(attempt.key, verb, attempt.remote_id, {}, into_id(attempt))
    fields = {} if attempt.operation in REMOVED else attempt.payload
    return Write(attempt.key, verb, attempt.remote_id, fields)


def into_id(attempt: Attempt) -> str:
    """The CRM's id of the record into which a merge goes."""
    return str(attempt.payload[INTO_ID])


def with_ids(
    payload: Mapping[str, Value], ids: Mapping[str, Mapping[str, str]]
) -> tuple[Mapping[str, Value], set[str]]:
    """A payload with the CRM's ids in its links, and the links that can't be made yet."""
    linked = dict(payload)
    missing = {name for name in ids if linked.get(name) and str(linked[name]) not in ids[name]}
    for name, known in ids.items():
        if name in missing:
            del linked[name]
        elif linked.get(name):
            linked[name] = known[str(linked[name])]
    return linked, missing
