"""Writes records: their properties first, then their associations.

Between the two it may be cut off: then what became of the record isn't known, and
whoever reads it back sees which associations it has. One that HubSpot refuses is
said beside the record, which was written all the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from crm.errors import CrmError, FatalError
from crm.http import Client
from crm.hubspot.batches import THEIR_FAULT, TOO_MANY, Batch, Refusal, Report
from crm.hubspot.links import Links
from crm.hubspot.merging import merge
from crm.hubspot.objects import LINK, HubSpotObject
from crm.hubspot.values import shown_fields, shown_time
from crm.protocol import Gone, NotWritten, Operation, Outcome, Rejected, Unknown, Write, Written
from crm.values import text

Properties = dict[str, str]
Linked = dict[str, str | None]


class Writer:
    """Writes one batch of one object."""

    def __init__(self, client: Client, found: HubSpotObject, external_id: str) -> None:
        self._client = client
        self._object = found
        self._external_id = external_id

    def write(self, operation: Operation, writes: Sequence[Write]) -> list[Outcome]:
        """Write them; one outcome for each."""
        if operation == "archive":
            return self._archive(writes)
        if operation == "merge":
            return merge(self._client, self._object, writes)
        if operation == "create" and not self._object.is_unique(self._external_id):
            raise FatalError(
                f"{self._object.name} has no property {self._external_id} with unique values: "
                "make one, or name another as the connection's external_id"
            )
        parts = [self._parted(write) for write in writes]
        outcomes: dict[int, Outcome] = {}
        inputs: dict[int, dict[str, Any]] = {}
        is_new: dict[int, bool] = {}
        for place, (write, (properties, _)) in enumerate(zip(writes, parts, strict=True)):
            unknown = self._unknown(properties)
            if unknown is not None:
                # sent, it would be refused together with its whole batch
                words = f"{self._object.name} has no property {unknown}"
                outcomes[place] = Rejected(write.key, "PROPERTY_DOESNT_EXIST", words, unknown)
            elif properties or operation == "create":
                inputs[place] = self._input(operation, write, properties)
            else:
                outcomes[place] = Written(write.key, write.remote_id or "", {})
        if inputs:
            batch = self._batch(operation, has_links=any(linked for _, linked in parts))
            report = batch.report(list(inputs.values()))
            for number, place in enumerate(inputs):
                outcomes[place] = self._outcome(report, number, writes[place], parts[place])
            is_new = {
                place: bool(report.results.get(number, {}).get("new"))
                for number, place in enumerate(inputs)
                if parts[place][1]
            }
        self._link(writes, parts, outcomes, is_new)
        return [outcomes[place] for place in range(len(writes))]

    def _parted(self, write: Write) -> tuple[Properties, Linked]:
        """Tell properties from associations."""
        properties = {
            name: value if value.__class__ is str else text(value)
            for name, value in write.fields.items()
        }
        linked: Linked = {}
        for other in self._object.associated:
            if (name := f"{LINK}{other}") in properties:
                linked[other] = text(properties.pop(name)) or None
        return properties, linked  # type: ignore[return-value]  # mypy doesn't narrow by __class__

    def _unknown(self, properties: Properties) -> str | None:
        """A name that is no property's, if there is one."""
        if properties.keys() <= self._object.fields.keys():
            return None
        unknown = next(name for name in properties if name not in self._object.fields)
        if unknown.startswith(LINK):
            other = unknown.removeprefix(LINK)
            raise FatalError(
                f"{self._object.name}: a column goes to {unknown}; name it in the "
                f'connection: associations = {{ {self._object.name} = ["{other}"] }}'
            )
        return unknown

    def _input(self, operation: Operation, write: Write, properties: Properties) -> dict[str, Any]:
        if operation == "create":
            return {"id": write.key, "idProperty": self._external_id, "properties": properties}
        return {"id": write.remote_id, "properties": properties}

    def _batch(self, operation: Operation, *, has_links: bool = False) -> Batch:
        verb = "upsert" if operation == "create" else operation
        return Batch(
            what=f"{operation} of {self._object.name}",
            path=f"{self._object.path}/batch/{verb}",
            send=self._client.settle if has_links else self._client.write,
            name_of_input=lambda each: str(each["id"]),
            name_of_result=self._key_shown if operation == "create" else _id_shown,
            is_traced=operation != "archive",
        )

    def _key_shown(self, result: Mapping[str, Any]) -> str:
        return str((result.get("properties") or {}).get(self._external_id))

    def _outcome(
        self, report: Report, number: int, write: Write, parts: tuple[Properties, Linked]
    ) -> Outcome:
        properties, linked = parts
        result = report.results.get(number)
        if result is not None and write.remote_id not in {None, str(result["id"])}:
            # people merged it into another meanwhile, to which its id leads
            return Gone(write.key)
        if result is not None:
            echoed = result.get("properties") or {}
            if not linked and self._is_there(properties, echoed):
                return Written(write.key, str(result["id"]), write.fields)
            shown = shown_fields(echoed, self._object.time_names & properties.keys())
            # what isn't there is refused and not dropped, so a property that was sent and isn't
            # echoed was written, or is empty now
            observed = {name: shown.get(name, value) for name, value in properties.items()}
            return Written(write.key, str(result["id"]), observed)
        if number in report.refusals:
            return _refused(write, report.refusals[number])
        return NotWritten(write.key) if number in report.not_sent else Unknown(write.key)

    def _is_there(self, properties: Properties, echoed: Mapping[str, Any]) -> bool:
        """Whether all is there to the letter, as it mostly is."""
        times = self._object.time_names
        for name, value in properties.items():
            shown = echoed.get(name)
            if shown != value and (name not in times or shown_time(shown) != value):
                return False
        return True

    def _archive(self, writes: Sequence[Write]) -> list[Outcome]:
        report = self._batch("archive").report([{"id": write.remote_id} for write in writes])
        outcomes: list[Outcome] = []
        for number, write in enumerate(writes):
            if number in report.refusals:
                outcomes.append(_refused(write, report.refusals[number]))
            elif number in report.not_sent:
                outcomes.append(NotWritten(write.key))
            elif number in report.done:
                outcomes.append(Written(write.key, write.remote_id or ""))
            else:
                outcomes.append(Unknown(write.key))
        return outcomes

    def _link(
        self,
        writes: Sequence[Write],
        parts: Sequence[tuple[Properties, Linked]],
        outcomes: dict[int, Outcome],
        is_new: Mapping[int, bool],
    ) -> None:
        """Associate the records that were written, as far as they say with what."""
        for other in self._object.associated:
            name = f"{LINK}{other}"
            places: dict[str, int] = {}
            wanted: dict[str, str | None] = {}
            for place, (_, linked) in enumerate(parts):
                outcome = outcomes[place]
                if other in linked and isinstance(outcome, Written):
                    places[outcome.remote_id] = place
                    wanted[outcome.remote_id] = linked[other]
            if not wanted:
                continue
            links = Links(self._client, self._object.name, other)
            try:
                held = links.read([each for each, place in places.items() if not is_new.get(place)])
                report = links.write(wanted, held)
            except CrmError:
                # their properties were written, whatever became of their associations
                outcomes.update({place: Unknown(writes[place].key) for place in places.values()})
                continue
            for number, (remote_id, place) in enumerate(places.items()):
                outcomes[place] = _linked(
                    outcomes[place], writes[place], name, wanted[remote_id], report, number
                )


def _id_shown(result: Mapping[str, Any]) -> str:
    return str(result.get("id"))


def _refused(write: Write, refusal: Refusal) -> Outcome:
    if refusal.category in TOO_MANY:
        return NotWritten(write.key)
    if refusal.category in THEIR_FAULT:
        return Unknown(write.key)
    if refusal.category == "OBJECT_NOT_FOUND" and write.operation != "create":
        return Gone(write.key)
    return Rejected(write.key, refusal.code, refusal.message, refusal.field_name)


def _linked(
    outcome: Outcome, write: Write, name: str, wanted: str | None, report: Report, number: int
) -> Outcome:
    """What became of a record whose properties were written, after its association."""
    if number in report.results and isinstance(outcome, Written):
        return replace(outcome, observed={**(outcome.observed or {}), name: wanted})
    refusal = report.refusals.get(number)
    if refusal is None:
        return Unknown(write.key)
    refused = Rejected(write.key, refusal.code, refusal.message, name)
    if isinstance(outcome, Written):
        return replace(outcome, refused=(*outcome.refused, refused))
    return refused
