"""Send a batch, and read what became of each of its records.

HubSpot answers 207 when a part of a batch was refused; its errors stand in no
order and are no results, so each is led back by the `objectWriteTraceId` that we
gave its record, else by the id it names. What the answer doesn't mention isn't
known. A batch that is refused whole is sent again in halves, until the bad ones
stand alone. (HubSpot's API reference, "Upsert a batch", and its specification.)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from crm.answers import Reading
from crm.errors import FatalError, RetryableError, UnknownOutcomeError
from crm.pointer import compile_pointer, first_of
from crm.transport import Call

Input = Mapping[str, Any]

UNUSABLE = "unusable_value"
TOO_MANY = frozenset({"RATE_LIMIT", "RATE_LIMITS"})
THEIR_FAULT = frozenset({"INTERNAL_ERROR", "SERVICE_UNAVAILABLE"})

_CODE = first_of((compile_pointer("/errors/@first/code"), compile_pointer("/category")))
_FIELD = first_of(
    (
        compile_pointer("/errors/@first/context/propertyName/0"),
        compile_pointer("/context/propertyName/0"),
        compile_pointer("/errors/@first/in"),
    )
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a record, or the batch that it alone was, is refused."""

    code: str
    message: str = field(repr=False)
    field_name: str | None
    category: str = ""


@dataclass(slots=True)
class Report:
    """What became of a batch's inputs, by their places; what is in none isn't known."""

    results: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    refusals: dict[int, Refusal] = field(default_factory=dict)
    not_sent: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)
    """Those that an empty answer says were done, as it does after archiving."""
    nameless: Refusal | None = None
    """An error that leads back to no input."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A kind of batch: where it goes, and how its answer leads back to the inputs."""

    what: str
    path: str
    send: Callable[[Call], Reading]
    name_of_input: Callable[[Input], str]
    name_of_result: Callable[[Input], str]
    budgets: tuple[str, ...] = ("",)
    is_traced: bool = False
    """Its inputs may carry `objectWriteTraceId`."""

    def report(self, inputs: Sequence[Input]) -> Report:
        """Send the inputs; at most as many as HubSpot takes at once.

        Raises:
            RetryableError: nothing of it was written.
            UnknownOutcomeError: all or a part may have been.
            FatalError: nothing was written and nothing will be.
        """
        report = Report()
        if self.is_traced:
            inputs = [
                {**each, "objectWriteTraceId": str(place)} for place, each in enumerate(inputs)
            ]
        self._send(dict(enumerate(inputs)), report)
        return report

    def _send(self, inputs: Mapping[int, Input], report: Report) -> None:
        body = _body(list(inputs.values()))
        if body is None:
            usable = {place: each for place, each in inputs.items() if _body([each]) is not None}
            for place in inputs.keys() - usable.keys():
                words = "a value isn't valid Unicode text"
                report.refusals[place] = Refusal(UNUSABLE, words, None)
            if usable:
                self._send(usable, report)
            return
        call = Call(
            self.what,
            "POST",
            self.path,
            headers={"Content-Type": "application/json"},
            body=body,
            budgets=self.budgets,
        )
        reading = self.send(call)
        if reading.meaning == "ok":
            self._read(inputs, reading, report)
        elif len(inputs) == 1:
            (place,) = inputs
            code = reading.code or str(reading.status)
            category = "OBJECT_NOT_FOUND" if reading.meaning == "gone" else ""
            refusal = Refusal(code, reading.message, reading.field_name, category)
            report.refusals[place] = refusal
        else:
            self._send_halves(inputs, report)

    def _send_halves(self, inputs: Mapping[int, Input], report: Report) -> None:
        places = list(inputs)
        middle = len(places) // 2
        self._send({place: inputs[place] for place in places[:middle]}, report)
        rest = {place: inputs[place] for place in places[middle:]}
        try:
            self._send(rest, report)
        # what is known of the first half mustn't be lost with the second
        except UnknownOutcomeError:
            return
        except (RetryableError, FatalError):
            known = report.results.keys() | report.refusals.keys()
            report.not_sent |= rest.keys() - known

    def _read(self, inputs: Mapping[int, Input], reading: Reading, report: Report) -> None:
        data = reading.data if isinstance(reading.data, dict) else {}
        if reading.data is None:
            report.done |= inputs.keys()
        traces = {str(place): place for place in inputs}
        untraced = []
        for item in data.get("results") or []:
            place = traces.get(str(item.get("objectWriteTraceId")))
            if place is None:
                untraced.append(item)
            else:
                report.results[place] = item
        errors = data.get("errors") or []
        if not (untraced or errors):
            return
        places = {self.name_of_input(each): place for place, each in inputs.items()}
        for item in untraced:
            place = places.get(self.name_of_result(item))
            if place is not None:
                report.results[place] = item
        for error in errors:
            meant = _meant(error, inputs, places)
            for place in meant:
                report.refusals[place] = _refusal(error)
            if not meant:
                report.nameless = _refusal(error)


def _body(inputs: Sequence[Input]) -> bytes | None:
    try:
        return orjson.dumps({"inputs": inputs})
    except TypeError:  # half a surrogate pair
        return None


def _traced(trace: Any, inputs: Mapping[int, Input]) -> int | None:
    text = str(trace)
    place = int(text) if text.isascii() and text.isdigit() else None
    return place if place in inputs else None


def _meant(
    error: Mapping[str, Any], inputs: Mapping[int, Input], places: Mapping[str, int]
) -> list[int]:
    """The places of the inputs that an error speaks of."""
    context = error.get("context") or {}
    traced = [_traced(trace, inputs) for trace in context.get("objectWriteTraceId") or []]
    found = [place for place in traced if place is not None]
    if found:
        return found
    named = [str(name) for key in ("ids", "id") for name in context.get(key) or []]
    ends = zip(context.get("fromObjectId") or [], context.get("toObjectId") or [], strict=False)
    named += [pair_name(*pair) for pair in ends]
    return [places[name] for name in named if name in places]


def pair_name(source: Any, target: Any) -> str:
    """The name of an input that associates two records."""
    return f"{source} {target}"


def _refusal(error: Mapping[str, Any]) -> Refusal:
    category = str(error.get("category") or "")
    field_name = _FIELD(error)
    return Refusal(
        code=str(_CODE(error) or "refused"),
        message=str(error.get("message") or ""),
        field_name=None if field_name is None else str(field_name),
        category=category,
    )
