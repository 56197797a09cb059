"""What an answer means: the one place where statuses and codes become a meaning."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import orjson

from crm.pointer import Pointer
from crm.quota import Said
from crm.transport import Answer

Meaning = Literal[
    "ok", "sign_in", "busy", "forbidden", "gone", "undone", "unsure", "refused", "elsewhere"
]
"""
ok         carried out
sign_in    we aren't signed in (any more): nothing was done
busy       come back later: nothing was done
forbidden  we mustn't: nothing was done, and trying again won't help
gone       there is no such thing
undone     nothing was done, through no fault of this record: its neighbours'
unsure     it may or may not have been done
refused    this record isn't acceptable as it is
elsewhere  the CRM lives at another address
"""

MEANINGS = frozenset({"sign_in", "busy", "forbidden", "gone", "undone", "unsure", "refused"})
"""Those that a profile may give to statuses and codes; `ok` has its own rule."""

_OF_STATUS: Mapping[int, Meaning] = {
    401: "sign_in",
    403: "forbidden",
    404: "gone",
    408: "unsure",  # the server gave up waiting for us, or a proxy for the server
    410: "gone",
    429: "busy",
}
# 5xx may come before the write, after it, or from a proxy in front
_OF_HUNDREDS: Mapping[int, Meaning] = {2: "ok", 3: "elsewhere", 4: "refused"}

UNREADABLE: Any = object()
"""Stands for a body that isn't JSON."""


@dataclass(frozen=True, slots=True)
class Predicate:
    """Whether something in an answer is one of some values."""

    pointer: Pointer
    equals: Sequence[Any]

    def holds(self, data: Any) -> bool:
        """Say whether it is."""
        return self.pointer(data) in self.equals


@dataclass(frozen=True, slots=True)
class Meanings:
    """What a CRM's statuses and codes mean, where it isn't what HTTP says."""

    statuses: Mapping[int, Meaning] = field(default_factory=dict)
    codes: Mapping[str, Meaning] = field(default_factory=dict)

    def of(self, status: int | None, code: str | None) -> Meaning | None:
        """Give the meaning; None if neither the CRM nor HTTP defines one."""
        if code is not None and code in self.codes:
            return self.codes[code]
        if status is None:
            return None
        return self.statuses.get(status) or _http_meaning(status)


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer, read."""

    meaning: Meaning
    status: int
    data: Any = field(repr=False)
    code: str | None = None
    message: str = field(default="", repr=False)
    field_name: str | None = None
    request_id: str | None = None
    retry_after: float | None = None
    said: Said | None = None
    is_day_spent: bool = False
    """It is busy because there is nothing left of the day's budget."""

    def __str__(self) -> str:
        """Say what came without a word of the CRM's, which may quote values."""
        parts = [f"HTTP {self.status}"]
        if self.code is not None:
            parts.append(f"code {self.code}")
        if self.request_id is not None:
            parts.append(f"request id {self.request_id}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class BudgetHeaders:
    """The headers in which a CRM says how much of the budget is left."""

    limit: str
    remaining: str
    window_ms: str
    remaining_today: str

    def read(self, headers: Mapping[str, str]) -> Said | None:
        """Read them; nothing if none is there."""
        names = (self.limit, self.remaining, self.window_ms, self.remaining_today)
        limit, remaining, window, today = (_whole(headers.get(name)) for name in names)
        if limit is None and today is None:
            return None
        return Said(limit, remaining, window / 1000 if window else None, today)


@dataclass(frozen=True, slots=True)
class AnswerRules:
    """Where an answer says how it went."""

    meanings: Meanings = field(default_factory=Meanings)
    ok: Predicate | None = None
    """For systems that answer HTTP 200 always."""
    code: Pointer | None = None
    message: Pointer | None = None
    field_name: Pointer | None = None
    request_id: Pointer | None = None
    request_id_header: str | None = None
    budget: BudgetHeaders | None = None
    day_spent: Predicate | None = None
    """Tells the `busy` that lasts until tomorrow from the one that lasts seconds."""
    waits: Mapping[int, float] = field(default_factory=dict)
    """How many seconds to wait after a status, if the answer doesn't say."""

    def read(self, answer: Answer, now: float) -> Reading:
        """Read an answer."""
        data = _parse(answer.body)
        known = None if data is UNREADABLE else data
        code = _text(self.code(known)) if self.code else None
        retry_after = parse_retry_after(answer.headers.get("Retry-After"), now)
        meaning = self._meaning(answer.status, data, code, retry_after)
        return Reading(
            meaning=meaning,
            status=answer.status,
            data=known,
            code=code,
            message=(_text(self.message(known)) if self.message else None) or "",
            field_name=_text(self.field_name(known)) if self.field_name else None,
            request_id=self._request_id(answer, known),
            retry_after=self.waits.get(answer.status) if retry_after is None else retry_after,
            said=self.budget.read(answer.headers) if self.budget else None,
            is_day_spent=meaning == "busy"
            and self.day_spent is not None
            and self.day_spent.holds(known),
        )

    def _meaning(
        self, status: int, data: Any, code: str | None, retry_after: float | None
    ) -> Meaning:
        # a server that says when to come back has not started
        if status == 503 and retry_after is not None:
            return "busy"
        meaning = self.meanings.of(status, code) or "refused"
        if meaning != "ok":
            return meaning
        # a page of some gateway, or an answer cut short: the CRM may have acted
        if data is UNREADABLE:
            return "unsure"
        if self.ok is not None and not self.ok.holds(data):
            return "refused"
        return "ok"

    def _request_id(self, answer: Answer, data: Any) -> str | None:
        if self.request_id_header and (said := answer.headers.get(self.request_id_header)):
            return said
        return _text(self.request_id(data)) if self.request_id else None


def parse_retry_after(text: str | None, now: float) -> float | None:
    """Read a Retry-After header, in seconds or as an HTTP date; None if it says nothing."""
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        pass
    else:
        return max(0.0, seconds) if math.isfinite(seconds) else None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now)


def _http_meaning(status: int) -> Meaning:
    """Give what HTTP says of a status."""
    return _OF_STATUS.get(status) or _OF_HUNDREDS.get(status // 100, "unsure")


def _parse(body: bytes) -> Any:
    if not body.strip():
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return UNREADABLE


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.strip().isdecimal() else None


def _text(value: Any) -> str | None:
    return None if value is None else value if isinstance(value, str) else str(value)
