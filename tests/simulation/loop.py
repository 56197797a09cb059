"""What people typed comes home: ingestion and the models behind it, a value at a time.

The rule is that of `int_selfbuilt_values_unechoed` and of the fields that take the newest
value: what the ledger says we sent, or the CRM then showed for it, is no news, however
often it is read; what somebody typed since is, until the source changes the field itself
or somebody empties it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson
from sqlalchemy import RowMapping

from crm.values import text
from tests.simulation.servers import State

HOME = ("name", "title")
"""The fields for which the models take what people typed, if it is newer."""

Typed = tuple[str, str, str]
"""A sync, a key, and a field."""


@dataclass
class Loop:
    """What the warehouse knows of the CRM's fields."""

    typed: dict[Typed, str] = field(default_factory=dict)
    """What somebody typed last, of the fields that the source hasn't changed since."""
    echoes: set[tuple[str, str, str, str]] = field(default_factory=set)
    """By object, record and field: each value that we sent, or that was shown for it."""
    _seen: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def ingest(self, known: Iterable[RowMapping], state: State) -> None:
        """Land the ledger and the CRM, and build."""
        known = list(known)
        # of two keys that are bound to one record, each may have what was sent for the other
        for record in known:
            self._note_echoes(record["sync"], record["remote_id"], record)
        for record in known:
            object_name, key, remote_id = record["sync"], record["key"], record["remote_id"]
            fields = state.get((object_name, remote_id), {})
            for name in HOME if record["state"] == "live" else ():
                self._take(object_name, key, remote_id, name, fields.get(name, ""))

    def forget(self, object_name: str, key: str, name: str) -> None:
        """Let the source's own value be the newest."""
        self.typed.pop((object_name, key, name), None)

    def _note_echoes(self, object_name: str, remote_id: str, record: RowMapping) -> None:
        sent = orjson.loads(record["sent"])
        observed = orjson.loads(record["observed"]) if record["observed"] else {}
        for name in HOME:
            if name in sent:
                shown = {text(sent[name]), text(observed.get(name))}
                self.echoes |= {(object_name, remote_id, name, each) for each in shown}

    def _take(self, object_name: str, key: str, remote_id: str, name: str, value: str) -> None:
        place, typed = (object_name, remote_id, name), (object_name, key, name)
        is_news = value != self._seen.get(place, "")
        self._seen[place] = value
        if not value:
            self.typed.pop(typed, None)
        elif is_news and (*place, value) not in self.echoes:
            self.typed[typed] = value
        # what nobody had told of may have come to be known as ours since
        if (*place, self.typed.get(typed, "")) in self.echoes:
            self.typed.pop(typed, None)
