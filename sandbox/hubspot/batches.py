"""Records in batches and alone: create, read, update, upsert, archive."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.hubspot.associations import Associations
from sandbox.hubspot.problems import Context, Problem, invalid
from sandbox.hubspot.properties import OBJECT_NAMES, iso
from sandbox.hubspot.store import Record, Table
from sandbox.hubspot.switches import Switches

MOST = 100

Input = Mapping[str, Any]
Verb = Callable[[Input], dict[str, Any]]


@dataclass(slots=True)
class Writer:
    """Carries out what a request wants of one object's records."""

    table: Table
    associations: Associations
    switches: Switches
    new_id: Callable[[], int]
    at: int
    """Milliseconds since 1970."""

    def create(self, said: Input) -> dict[str, Any]:
        """Make a record, with its associations."""
        record = self.table.create(
            self.table.checker.values(_properties(said)), self.new_id(), self.at
        )
        for wanted in said.get("associations") or []:
            types = {int(each["associationTypeId"]) for each in wanted.get("types") or []}
            self._associate(record, str(wanted["to"]["id"]), types)
        return record.shown()

    def update(self, said: Input) -> dict[str, Any]:
        """Change a record."""
        record = self.table.must_find(_id(said), said.get("idProperty"))
        self.table.update(record, self.table.checker.values(_properties(said)), self.at)
        return record.shown()

    def upsert(self, said: Input) -> dict[str, Any]:
        """Change the record with this value of a unique property, or make it."""
        name, value = said.get("idProperty"), _id(said)
        if not name:
            raise invalid("an upsert wants idProperty")
        kept = self.table.checker.values({name: value, **_properties(said)})
        record = self.table.find(value, name)
        if record is None:
            return {**self.table.create(kept, self.new_id(), self.at).shown(), "new": True}
        self.table.update(record, kept, self.at)
        return {**record.shown(), "new": False}

    def archive(self, said: Input) -> None:
        """Put a record into the recycle bin."""
        record = self.table.get(_id(said))
        if record is not None:
            self.table.archive(record, self.at)
            self.associations.remove_all(self.table.name, record.id)
        elif self.switches.archived_is_404:
            self.table.must_find(_id(said))

    def _associate(self, record: Record, target: str, types: set[int]) -> None:
        """Associate by type ids; they say with which object, too."""
        for other in OBJECT_NAMES.values():
            pair = (self.table.name, other)
            if self.associations.usual_type(pair) in types:
                self.associations.add(pair, record.id, target, types)
                return
        raise invalid("there is no association of this type")


def carried_out(
    inputs: Sequence[Input],
    verb: Verb,
    switches: Switches,
    precheck: Callable[[Input], object],
    at: int,
) -> tuple[int, dict[str, Any]]:
    """Do something to each of a batch; gives the status and the answer.

    Raises:
        Problem: the whole batch is refused.
    """
    if switches.batch_errors == "whole":
        for said in inputs:
            precheck(said)
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for said in inputs:
        trace = said.get("objectWriteTraceId")
        try:
            result = verb(said)
        except Problem as problem:
            errors.append(problem.item(_context(said, switches, problem)))
            continue
        if trace is not None:
            result["objectWriteTraceId"] = trace
        results.append(result)
    answer = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": iso(at),
        "completedAt": iso(at),
    }
    if errors:
        return 207, {**answer, "numErrors": len(errors), "errors": errors}
    return 200, answer


def read_inputs(body: Any, most: int = MOST, *, unique: str | None = None) -> list[Input]:
    """The inputs of a batch; `unique` names the member that may not be there twice.

    Raises:
        Problem: it isn't a batch that can be carried out.
    """
    inputs = body.get("inputs") if isinstance(body, dict) else None
    if not isinstance(inputs, list) or not all(isinstance(each, dict) for each in inputs):
        raise invalid("a batch has `inputs`")
    if not 0 < len(inputs) <= most:
        raise invalid(f"a batch has one to {most} inputs, not {len(inputs)}")
    if unique is not None:
        values = [each.get(unique) for each in inputs]
        if len(set(values)) < len(values):
            raise invalid("the same id is there twice")
    return inputs


def _properties(said: Input) -> Mapping[str, Any]:
    properties = said.get("properties")
    if not isinstance(properties, dict):
        raise invalid("a record has `properties`")
    return properties


def _id(said: Input) -> str:
    value = said.get("id")
    if value is None or value == "":
        raise invalid("an input has an `id`")
    return str(value)


def _context(said: Input, switches: Switches, problem: Problem) -> Context:
    trace = said.get("objectWriteTraceId")
    if trace is not None and switches.errors_name_trace_ids:
        return {"objectWriteTraceId": [str(trace)]}
    return {"ids": [str(said["id"])]} if said.get("id") else dict(problem.context)
