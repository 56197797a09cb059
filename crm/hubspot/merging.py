"""Merges records: one a call, and never to be undone.

HubSpot moves what was associated with the record that goes to the one that lives
on, and fills what was empty there. Whether that one keeps its id isn't said, so the
answer's id counts. (HubSpot's API reference, "Merge two records".)
"""

from collections.abc import Sequence

import orjson

from crm.errors import CrmError, UnknownOutcomeError
from crm.http import Client
from crm.hubspot.objects import HubSpotObject
from crm.protocol import Gone, NotWritten, Outcome, Rejected, Unknown, Write, Written
from crm.transport import Call


def merge(client: Client, found: HubSpotObject, writes: Sequence[Write]) -> list[Outcome]:
    """Merge each record into its other; one outcome for each.

    Raises:
        CrmError: at the first; later, what is known of those before it mustn't be lost.
    """
    outcomes: list[Outcome] = []
    lives_on: dict[str | None, str] = {}
    """By the id of a record into which one was merged: the id that it has since."""
    for place, write in enumerate(writes):
        into = lives_on.get(write.into, write.into)
        try:
            outcome = _merged(client, found, write, into)
        except CrmError as error:
            if place == 0:
                raise
            is_unknown = isinstance(error, UnknownOutcomeError)
            outcomes.append((Unknown if is_unknown else NotWritten)(write.key))
            # the next ones would fare no better, or go into a record that has another id by now
            outcomes += [NotWritten(each.key) for each in writes[place + 1 :]]
            break
        outcomes.append(outcome)
        if isinstance(outcome, Written):
            lives_on[write.into] = outcome.remote_id
    return outcomes


def _merged(client: Client, found: HubSpotObject, write: Write, into: str | None) -> Outcome:
    call = Call(
        f"merge of {found.name}",
        "POST",
        f"{found.path}/merge",
        headers={"Content-Type": "application/json"},
        body=orjson.dumps({"primaryObjectId": into, "objectIdToMerge": write.remote_id}),
    )
    reading = client.write(call)
    if reading.meaning == "ok":
        said = reading.data if isinstance(reading.data, dict) else {}
        # without an id nobody knows which record lives on
        return Written(write.key, str(said["id"])) if said.get("id") else Unknown(write.key)
    if reading.meaning == "gone":
        return Gone(write.key)
    code = reading.code or str(reading.status)
    return Rejected(write.key, code, reading.message, reading.field_name)
