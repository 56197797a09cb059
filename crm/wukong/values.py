"""Values as 悟空 writes them, and as we do."""

from datetime import datetime, timedelta
from typing import Any

import orjson

from crm.protocol import Field, Value
from crm.times import TimeFormat
from crm.values import text

_TRUTHS = frozenset({"true", "1"})
_BOOLEANS = frozenset({"true", "false", "1", "0"})


class Values:
    """Writes and reads the values of one server, whose zone it knows."""

    def __init__(self, zone: str) -> None:
        self.times = TimeFormat("%Y-%m-%d %H:%M:%S", zone)

    def write(self, field: Field, value: Value) -> Any:
        """Give a value as it goes out; nothing is empty text, for null leaves what is there."""
        if value is None or value == "":
            return ""
        match field.type:
            case "datetime" if isinstance(value, str):
                return self._written_time(value)
            case "boolean":
                return 1 if text(value) in _TRUTHS else 0
            case "link" if isinstance(value, str) and value.isdecimal():
                return int(value)
        return value

    def read(self, field: Field, value: Any) -> Value:
        """Give a value of an answer."""
        if value is None or value == "":
            return None
        if isinstance(value, (dict, list)):
            return orjson.dumps(value).decode()
        match field.type:
            case "datetime":
                return self.times.read(value) or str(value)
            case "boolean" if text(value) in _BOOLEANS:
                return text(value) in _TRUTHS
            case "link":
                return str(value)
        read: Value = value
        return read

    def shown_time(self, moment: str) -> str:
        """Give a time of ours as the CRM would show it: it counts seconds."""
        return self.times.read(self.times.write(moment)) or moment

    def next_second(self, moment: str) -> str:
        """Give the time a second later."""
        later = datetime.fromisoformat(moment) + timedelta(seconds=1)
        return later.isoformat(timespec="microseconds").replace("+00:00", "Z")

    def _written_time(self, value: str) -> Any:
        try:
            return self.times.write(value)
        except ValueError:
            # no time: it is the CRM's to refuse
            return value
