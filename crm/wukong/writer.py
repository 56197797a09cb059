"""Writes a record: one a call, without an id in the answer, and with all of it at once.

A new record is found by our key once a search sees it. Until then it is pending,
and its receipt says by which field and since when. So it is when another record is
said to have its key, for that one may be ours, of a try whose answer was lost. An
update carries the whole record, as nobody says that it keeps what it isn't given. A
deletion is asked for only of what is there, as it says nothing of the rest.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson

from crm.answers import Reading
from crm.errors import CrmError, FatalError
from crm.http import Client
from crm.protocol import Gone, Outcome, Pending, Rejected, Unknown, Value, Write, Written
from crm.transport import Call
from crm.values import text
from crm.wukong.objects import WukongObject, post
from crm.wukong.reader import Item, Reader, is_nowhere
from crm.wukong.rules import TAKEN, Options
from crm.wukong.values import Values

UNUSABLE = "unusable_value"

PATIENCE = 12
"""So many read lags a record is looked for that must be there; the index may be behind.

What shows only later may hold what people have typed since.
"""

ADDED = ""
"""Stands in a receipt in the place of the code with which the record was refused."""


class Writer:
    """Writes the records of one module."""

    def __init__(
        self, client: Client, found: WukongObject, reader: Reader, options: Options
    ) -> None:
        self._client = client
        self._object = found
        self._reader = reader
        self._options = options
        self._values = Values(options.zone)

    def write(self, write: Write) -> Outcome:
        """Write it."""
        for name in write.fields:
            if name not in self._object.fields:
                # the server would drop it without a word
                words = f"{self._object.name} has no field {name}"
                return Rejected(write.key, "unknown_field", words, name)
        match write.operation:
            case "create":
                return self._create(write)
            case "update":
                return self._update(write)
        return self._delete(write)

    def collect(self, receipt: str) -> list[Outcome]:
        """What became of a new record."""
        code, since, key_name, key = orjson.loads(receipt)
        records = list(self._reader.by_values(key_name, [key]))
        age = self._client.runtime.now() - since
        is_late = age > PATIENCE * self._options.read_lag > 0
        if len(records) > 1 or (records and (code != ADDED or is_late)):
            # several of them, or one that may be another's or hold what people typed: the engine
            # compares what it reads
            return [Unknown(key)]
        if records:
            return [Written(key, records[0].remote_id, records[0].fields)]
        if age < PATIENCE * self._options.read_lag:
            return [Pending(key, receipt, after=self._options.read_lag)]
        if code == ADDED:
            return [Unknown(key)]
        return [Rejected(key, code, "another record has one of its unique values")]

    def _create(self, write: Write) -> Outcome:
        key_name = self._key_name(write)
        call = self._saving(write, "add", {}, write.fields)
        if call is None:
            return _unusable(write)
        reading = self._client.write(call)
        if reading.meaning == "ok":
            return self._found(write, key_name)
        is_taken = reading.code in TAKEN and self._options.read_lag > 0
        # unless it is said to be about another field
        if is_taken and self._object.named_in(reading.message) in {None, key_name}:
            return self._pending(write, key_name, str(reading.code))
        return self._refused(write, call, reading)

    def _found(self, write: Write, key_name: str) -> Outcome:
        pending = self._pending(write, key_name, ADDED)
        if self._options.read_lag > 0:
            return pending
        try:
            [outcome] = self.collect(pending.receipt)
        except CrmError:
            # it was written; who reads it back later will find it
            return Unknown(write.key)
        return outcome

    def _pending(self, write: Write, key_name: str, code: str) -> Pending:
        said = [code, self._client.runtime.now(), key_name, write.key]
        return Pending(write.key, orjson.dumps(said).decode(), after=self._options.read_lag)

    def _update(self, write: Write) -> Outcome:
        remote_id = str(write.remote_id)
        before: Item = {}
        if self._options.is_update_whole:
            reading, item = self._reader.ask(remote_id)
            if item is None:
                return self._absent(write, reading)
            before = item
        place = self._object.place
        call = self._saving(write, "update", before, write.fields, {place.id_name: int(remote_id)})
        if call is None:
            return _unusable(write)
        reading = self._client.write(call)
        if reading.meaning != "ok":
            return self._refused(write, call, reading)
        try:
            reading, item = self._reader.ask(remote_id)
        except CrmError:
            # it was written; what the CRM made of it sees who reads it back later
            return Unknown(write.key)
        if item is None:
            # an update of what isn't there says that all went well
            return self._absent(write, reading)
        return Written(write.key, remote_id, self._reader.record(item).fields)

    def _delete(self, write: Write) -> Outcome:
        remote_id = str(write.remote_id)
        reading, item = self._reader.ask(remote_id)
        if item is None:
            return self._absent(write, reading)
        call = post(
            f"delete of {self._object.name}",
            f"{self._object.place.prefix}/deleteByIds",
            [int(remote_id)],
        )
        reading = self._client.write(call)
        if reading.meaning == "ok":
            return Written(write.key, remote_id)
        return self._refused(write, call, reading)

    def _key_name(self, write: Write) -> str:
        """The field that holds our key, by which the new record will be found."""
        for name, value in write.fields.items():
            if self._object.fields[name].field.unique and text(value) == write.key:
                return name
        raise FatalError(
            f"{self._object.name}: no unique field takes our key, so a new record couldn't be "
            "found again: make a custom field for it, tick that its values are unique, and let "
            "the key's column go there"
        )

    def _saving(
        self,
        write: Write,
        action: str,
        before: Item,
        changes: Mapping[str, Value],
        identity: Mapping[str, int] | None = None,
    ) -> Call | None:
        """Make the request that saves a record; None if a value is no JSON."""
        entity: dict[str, Any] = dict(identity or {})
        # custom values hang on it
        if before.get("batchId"):
            entity["batchId"] = before["batchId"]
        custom = []
        for name, known in self._object.fields.items():
            if name in changes:
                value = self._values.write(known.field, changes[name])
            elif before.get(name) is not None:
                value = before[name]
            else:
                continue
            if known.is_fixed:
                entity[name] = value
            else:
                custom.append({**known.said, "value": value})
        what = f"{write.operation} of {self._object.name}"
        body = {"entity": entity, "field": custom}
        try:
            return post(what, f"{self._object.place.prefix}/{action}", body)
        except TypeError:  # more than 64 bits, or half a surrogate pair
            return None

    def _absent(self, write: Write, reading: Reading) -> Outcome:
        """A record that can't be read: it is gone, or it isn't ours to see."""
        if reading.meaning == "refused":
            return self._named(write, reading)
        if is_nowhere(reading):
            raise FatalError(f"read of {self._object.name}: {reading}: no such address")
        return Gone(write.key)

    def _refused(self, write: Write, call: Call, reading: Reading) -> Outcome:
        if is_nowhere(reading):
            raise FatalError(f"{call.what}: {reading}: no such address; is base_url right?")
        if reading.meaning == "gone":
            return Gone(write.key)
        if reading.code is None and reading.status == HTTPStatus.OK:
            # all answers of the CRM have a code: this one is somebody else's
            return Unknown(write.key)
        return self._named(write, reading)

    def _named(self, write: Write, reading: Reading) -> Rejected:
        code = reading.code or str(reading.status)
        return Rejected(write.key, code, reading.message, self._object.named_in(reading.message))


def _unusable(write: Write) -> Rejected:
    return Rejected(write.key, UNUSABLE, "a value can't be written as JSON")
