"""The addresses below /_sandbox: what it holds, what was asked of it, switches and faults.

They are no part of HubSpot's API, take no token and count in no quota.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson

from sandbox.faults import FaultPlan, read_faults
from sandbox.hubspot.account import Account
from sandbox.hubspot.problems import Problem
from sandbox.messages import Answer, Request

USUAL_PER_PAGE = 20


def answer(account: Account, faults: FaultPlan, request: Request, rest: Sequence[str]) -> Answer:
    """Answer what a person or a test wants to know or to change."""
    try:
        body = orjson.loads(request.body) if request.body else None
        return Answer(200, _answered(account, faults, request, rest, body))
    except Problem as problem:
        return problem.answer()
    except ValueError as error:
        return Answer(400, {"status": "error", "message": str(error)})


def _answered(
    account: Account, faults: FaultPlan, request: Request, rest: Sequence[str], body: Any
) -> dict[str, Any]:
    match request.method, rest:
        case "GET", []:
            return summary(account, faults)
        case "GET", ["records", name]:
            return _records(account, name, request.parameters)
        case ("POST", ["faults"]):
            faults.add(read_faults(body))
        case "DELETE", ["faults"]:
            faults.clear()
        case "PATCH", ["switches"]:
            account.switches.change(body if isinstance(body, dict) else {})
        case "POST", ["properties", name]:
            return _define(account, name, body)
        case "POST", ["empty"]:
            _empty(account, body)
        case "POST", ["expire"]:
            account.tokens.granted.clear()
        case _:
            raise Problem(404, "OBJECT_NOT_FOUND", "there is nothing at this address")
    return summary(account, faults)


def summary(account: Account, faults: FaultPlan) -> dict[str, Any]:
    """What the sandbox holds and was asked for, in numbers."""
    return {
        "kind": "hubspot",
        "records": {name: len(table.by_change) for name, table in account.tables.items()},
        "archived": {
            name: archived
            for name, table in account.tables.items()
            if (archived := len(table.records) - len(table.by_change))
        },
        "associations": {
            f"{one} to {other}": sum(map(len, held.values()))
            for (one, other), held in account.associations.held.items()
            if held
        },
        "requests": {"reads": account.reads, "writes": account.writes, **account.quotas.said()},
        "faults": faults.left(),
        "switches": asdict(account.switches),
    }


def _records(account: Account, name: str, parameters: dict[str, str]) -> dict[str, Any]:
    table = account.table(name)
    limit = int(parameters.get("limit") or USUAL_PER_PAGE)
    found, has_more = table.page(parameters.get("after") or None, limit, archived=False)
    shown = []
    for record in found:
        linked = {
            f"associations.{other}": sorted(account.associations.of((table.name, other), record.id))
            for other in account.tables
            if account.associations.of((table.name, other), record.id)
        }
        shown.append({"id": record.id, **record.properties, **linked})
    return {"records": shown, "after": found[-1].id if has_more else None}


def _define(account: Account, name: str, body: Any) -> dict[str, Any]:
    """Set what HubSpot's settings set and its API doesn't: a property's validation rules."""
    table = account.table(name)
    said = body if isinstance(body, dict) else {}
    found = table.properties.get(str(said.get("name")))
    if found is None:
        raise Problem(404, "OBJECT_NOT_FOUND", "there is no such property")
    found.max_length = int(said.get("max_length", found.max_length))
    found.is_required = bool(said.get("is_required", found.is_required))
    table.rebuild()
    return asdict(found)


def _empty(account: Account, body: Any) -> None:
    """Remove all records; properties stay."""
    names = [body["object"]] if isinstance(body, dict) and "object" in body else [*account.tables]
    for name in names:
        table = account.table(name)
        kept = table.properties
        account.empty(table.name)
        account.tables[table.name].properties = kept
        account.tables[table.name].rebuild()
