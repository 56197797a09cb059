"""Sends records to be written, and reads what became of each."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from crm.answers import Meaning, Reading
from crm.errors import CrmError, FatalError, RetryableError, UnknownOutcomeError
from crm.http import Client
from crm.protocol import (
    Gone,
    NotWritten,
    Outcome,
    Rejected,
    RemoteRecord,
    Unknown,
    Write,
    Written,
)
from crm.selfbuilt.calls import CallTemplate
from crm.selfbuilt.profile import Profile
from crm.selfbuilt.records import read_fields, read_text, write_fields
from crm.selfbuilt.rules import BatchRules, Entry, ItemRules, ObjectRules, WriteRules
from crm.template import UnusableValueError

IDS = 10
"""So many ids can be made of one key: the first of them that isn't another record's is taken."""

_NOT_JSON = "a value can't be written as JSON (a number of more than 64 bits, or broken Unicode)"


class Sender:
    """Sends one operation's records, and reads what became of each."""

    def __init__(
        self,
        client: Client,
        profile: Profile,
        rules: ObjectRules,
        how: WriteRules,
        find_by_id: Callable[[Sequence[str]], list[RemoteRecord]],
    ) -> None:
        self._client = client
        self._profile = profile
        self._rules = rules
        self._how = how
        self._find_by_id = find_by_id
        self._new_ids: dict[str, str] = {}
        """By key: the new ids that aren't the first made of it."""

    def send(self, writes: Sequence[Write], batch_id: str) -> list[Outcome]:
        """Send them; `batch_id` names this intent."""
        outcomes = self._send(writes, batch_id)
        new_id = self._how.new_id
        if new_id is None:
            return outcomes
        # a create of which nobody heard may come back refused for its key as well
        doubtful = {None, "id", self._rules.external_id}
        for place, (write, outcome) in enumerate(zip(writes, outcomes, strict=True)):
            if not isinstance(outcome, Rejected) or outcome.field_name not in doubtful:
                continue
            ids = [new_id(write.key, number) for number in range(IDS)]
            try:
                outcomes[place] = self._send_elsewhere(write, ids, outcome, f"{batch_id}-id{place}")
            except UnknownOutcomeError:
                outcomes[place] = Unknown(write.key)
            except (RetryableError, FatalError):
                if all(isinstance(each, (Rejected, NotWritten)) for each in outcomes):
                    raise
                # what is known of the others mustn't be lost with this one
                outcomes[place] = NotWritten(write.key)
        return outcomes

    def _send_elsewhere(
        self, write: Write, ids: Sequence[str], refused: Rejected, batch_id: str
    ) -> Outcome:
        """Create a record under another of its ids, if the first is another record's.

        The record that was made for one key may have passed to another, by a merge or by people's
        hands. One that carries our key is what we wanted: whoever reads it back sees what it holds.
        """
        there = {each.remote_id: each.fields for each in self._find_by_id(ids)}
        keys = {read_text(fields.get(self._rules.external_id)) for fields in there.values()}
        if write.key in keys:
            return Unknown(write.key)
        free = next((each for each in ids[1:] if each not in there), None)
        if free is None or not (ids[0] in there or refused.field_name == "id"):
            return refused
        self._new_ids[write.key] = free
        [outcome] = self._send([write], batch_id)
        return outcome

    def _send(self, writes: Sequence[Write], batch_id: str) -> list[Outcome]:
        how = self._how.send
        if not isinstance(how, Entry):
            return self._send_singly(how, writes, batch_id)
        outcomes: dict[str, Outcome] = {}
        entries: list[Any] = []
        sent: list[Write] = []
        for write in writes:
            try:
                entries.append(how.template(self._values(write, batch_id)))
                sent.append(write)
            except UnusableValueError as error:
                outcomes[write.key] = Rejected(write.key, "unusable_value", str(error))
        for outcome in self._send_batch(how.batch, sent, entries, batch_id):
            outcomes[outcome.key] = outcome
        return [outcomes[write.key] for write in writes]

    def _send_singly(
        self, template: CallTemplate, writes: Sequence[Write], batch_id: str
    ) -> list[Outcome]:
        """One request for each; after a failure that isn't a record's own, the rest waits."""
        outcomes: list[Outcome] = []
        for number, write in enumerate(writes):
            try:
                outcomes.append(self._send_one(template, write, f"{batch_id}-{number}"))
            except CrmError as error:
                is_unknown = isinstance(error, UnknownOutcomeError)
                # nothing was written yet, or it is about this one record alone
                if len(writes) == 1 or (number == 0 and not is_unknown):
                    raise
                outcomes.append(Unknown(write.key) if is_unknown else NotWritten(write.key))
                outcomes += [NotWritten(rest.key) for rest in writes[number + 1 :]]
                break
        return outcomes

    def _send_one(self, template: CallTemplate, write: Write, batch_id: str) -> Outcome:
        how = self._how
        values = self._values(write, batch_id)
        try:
            call = template.make(values, self._idempotency(batch_id))
        except UnusableValueError as error:
            return Rejected(write.key, "unusable_value", str(error))
        except TypeError:
            return Rejected(write.key, "unusable_value", _NOT_JSON)
        reading = self._client.write(call)
        if reading.meaning == "ok":
            return self._written(write, how.id(reading.data), how.record, reading.data)
        return self._outcome(
            write,
            reading.meaning,
            reading.code or str(reading.status),
            reading.message,
            reading.field_name,
        )

    def _send_batch(
        self, batch: BatchRules, writes: Sequence[Write], entries: list[Any], batch_id: str
    ) -> list[Outcome]:
        """Send records together; in halves if the CRM refuses all without saying which."""
        if not writes:
            return []
        try:
            call = batch.call.make(
                {"entries": entries, "batch_id": batch_id}, self._idempotency(batch_id)
            )
        except TypeError:
            return self._halves(batch, writes, entries, batch_id) or [
                Rejected(writes[0].key, "unusable_value", _NOT_JSON)
            ]
        reading = self._client.write(call)
        if reading.meaning == "gone":
            raise FatalError(f"{call.what}: {reading}: the CRM takes no such batch")
        outcomes = self._named(batch, writes, reading)
        if reading.meaning == "ok":
            return [outcomes.get(n) or self._unnamed(batch, w) for n, w in enumerate(writes)]
        if outcomes or reading.meaning == "undone":
            return [outcomes.get(n) or NotWritten(w.key) for n, w in enumerate(writes)]
        return self._halves(batch, writes, entries, batch_id) or [
            Rejected(
                writes[0].key,
                reading.code or str(reading.status),
                reading.message,
                reading.field_name,
            )
        ]

    def _halves(
        self, batch: BatchRules, writes: Sequence[Write], entries: list[Any], batch_id: str
    ) -> list[Outcome]:
        """Send each half as a batch of its own; nothing for one record alone."""
        if len(writes) == 1:
            return []
        middle = len(writes) // 2
        outcomes = self._send_batch(batch, writes[:middle], entries[:middle], f"{batch_id}-0")
        rest = writes[middle:]
        try:
            outcomes += self._send_batch(batch, rest, entries[middle:], f"{batch_id}-1")
        # what is known of the first half mustn't be lost with the second
        except UnknownOutcomeError:
            outcomes += [Unknown(write.key) for write in rest]
        except (RetryableError, FatalError):
            outcomes += [NotWritten(write.key) for write in rest]
        return outcomes

    def _named(
        self, batch: BatchRules, writes: Sequence[Write], reading: Reading
    ) -> dict[int, Outcome]:
        """Read what the answer says of single records, by their place in the batch."""
        outcomes: dict[int, Outcome] = {}
        if batch.errors is not None:
            for place, item in _matched(batch.errors, writes, reading.data):
                outcomes.setdefault(
                    place, self._item_outcome(batch.errors, writes[place], item, "refused")
                )
        if reading.meaning == "ok" and batch.results is not None:
            for place, item in _matched(batch.results, writes, reading.data):
                outcomes.setdefault(
                    place, self._item_outcome(batch.results, writes[place], item, "ok")
                )
        return outcomes

    def _unnamed(self, batch: BatchRules, write: Write) -> Outcome:
        # an answer that lists results and leaves one out doesn't say what became of it
        if batch.results is not None:
            return Unknown(write.key)
        return self._written(write, None, None, None)

    def _item_outcome(
        self, items: ItemRules, write: Write, item: Any, otherwise: Meaning
    ) -> Outcome:
        code = read_text(items.code(item)) if items.code else None
        status = items.status(item) if items.status else None
        meanings = self._profile.answers.meanings
        meaning = meanings.of(status if isinstance(status, int) else None, code) or otherwise
        if items.ok is not None:
            if items.ok.holds(item):
                meaning = "ok"
            elif meaning == "ok":
                meaning = "refused"
        # in a list of errors everything is one, whatever its number looks like
        if otherwise == "refused" and meaning in {"ok", "unsure"}:
            meaning = "refused"
        if meaning == "ok":
            remote_id = items.id(item) if items.id else None
            return self._written(write, remote_id, items.record, item)
        message = (read_text(items.message(item)) if items.message else None) or ""
        field_name = read_text(items.field_name(item)) if items.field_name else None
        return self._outcome(write, meaning, code or str(status or "refused"), message, field_name)

    def _written(
        self, write: Write, remote_id: Any, record: Callable[[Any], Any] | None, item: Any
    ) -> Written:
        shown = record(item) if record is not None else None
        observed = read_fields(self._rules, shown) if isinstance(shown, dict) else None
        if remote_id is None or isinstance(remote_id, (dict, list)):
            remote_id = write.remote_id
        if remote_id is None:
            remote_id = self._new_id(write.key)
        return Written(write.key, "" if remote_id is None else str(remote_id), observed)

    def _outcome(
        self, write: Write, meaning: Meaning, code: str, message: str, field_name: str | None
    ) -> Outcome:
        match meaning:
            case "gone" if self._how.missing_is_gone:
                return Gone(write.key)
            case "busy" | "undone" | "sign_in":
                return NotWritten(write.key)
            case "unsure":
                return Unknown(write.key)
        return Rejected(write.key, code, message, field_name)

    def _values(self, write: Write, batch_id: str) -> dict[str, Any]:
        return {
            "key": write.key,
            "id": write.remote_id or "",
            "new_id": self._new_id(write.key),
            "fields": write_fields(self._rules, write.fields),
            "batch_id": batch_id,
        }

    def _new_id(self, key: str) -> str:
        """Give the id that a new record gets; nothing if it is the CRM that chooses."""
        new_id = self._how.new_id
        return self._new_ids.get(key) or (new_id(key, 0) if new_id is not None else "")

    def _idempotency(self, batch_id: str) -> dict[str, str]:
        header = self._profile.idempotency_header
        return {header: batch_id} if header else {}


def _matched(items: ItemRules, writes: Sequence[Write], data: Any) -> Iterator[tuple[int, Any]]:
    """Give each item with the place of the record it speaks of; leave out what speaks of none."""
    found = items.at(data)
    pairs: Iterable[tuple[int | None, Any]]
    if items.match == "name":
        members = found.items() if isinstance(found, dict) else enumerate(found or [])
        pairs = ((_place(name), item) for name, item in members)
    elif not isinstance(found, list):
        return
    elif items.match == "position":
        pairs = enumerate(found) if len(found) == len(writes) else ()
    elif items.match == "index":
        pairs = ((_place(items.by(item)), item) for item in found)
    else:
        names = {
            (write.key if items.match == "key" else write.remote_id): place
            for place, write in enumerate(writes)
        }
        pairs = ((names.get(read_text(items.by(item))), item) for item in found)
    for place, item in pairs:
        if place is not None and 0 <= place < len(writes):
            yield place, item


def _place(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else None
