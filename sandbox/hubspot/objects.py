"""The addresses below /crm/v3/objects and /crm/v3/properties."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sandbox.hubspot.account import Account
from sandbox.hubspot.batches import Input, Verb, Writer, carried_out, read_inputs
from sandbox.hubspot.problems import Problem, invalid, not_found
from sandbox.hubspot.properties import MERGED_IDS, read_property
from sandbox.hubspot.search import search
from sandbox.hubspot.store import Record, Table
from sandbox.messages import Request

MOST_PER_PAGE = 100
USUAL_PER_PAGE = 10


def properties(table: Table, method: str, rest: Sequence[str], body: Any) -> tuple[int, Any]:
    """Describe, make and remove properties."""
    match method, rest:
        case "GET", []:
            return 200, {"results": [each.described() for each in table.properties.values()]}
        case "GET", [name] if name in table.properties:
            return 200, table.properties[name].described()
        case "POST", []:
            made = read_property(body, table.properties)
            table.add_property(made)
            return 201, made.described()
        case "POST", ["batch", "create"]:
            made_ones = [read_property(each, table.properties) for each in read_inputs(body)]
            for made in made_ones:
                table.add_property(made)
            return 201, {"status": "COMPLETE", "results": [each.described() for each in made_ones]}
        case "DELETE", [name] if name in table.properties:
            if table.properties[name].is_read_only:
                raise invalid("HubSpot's own properties stay")
            del table.properties[name]
            table.rebuild()
            return 204, None
    raise not_found("no such property", [*rest])


def records(
    account: Account, table: Table, request: Request, rest: Sequence[str], body: Any, now: float
) -> tuple[int, Any]:
    """Read and write records."""
    verb = "read" if request.method == "GET" or rest[-1:] in (["read"], ["search"]) else "write"
    account.tokens.may(f"crm.objects.{table.name}.{verb}")
    writer = Writer(
        table, account.associations, account.switches, account.new_id, round(now * 1000)
    )
    match request.method, rest:
        case "GET", []:
            return 200, _listed(account, table, request.parameters)
        case "POST", ["search"]:
            return 200, search(table, body, now)
        case "POST", ["batch", action]:
            return _batch(table, writer, action, body)
        case "POST", []:
            return 201, writer.create(_checked(table, body))
        case _, [record_id]:
            return _single(account, table, request, record_id, body, writer)
    raise Problem(404, "OBJECT_NOT_FOUND", "there is nothing at this address")


def _single(
    account: Account, table: Table, request: Request, record_id: str, body: Any, writer: Writer
) -> tuple[int, Any]:
    parameters = request.parameters
    id_property = parameters.get("idProperty")
    match request.method:
        case "POST" if record_id == "merge":
            return 200, _merge(account, table, body, writer)
        case "POST" if record_id == "gdpr-delete" and table.name == "contacts":
            return _erase(account, table, body)
        case "GET":
            if parameters.get("archived") == "true":
                record = table.get(record_id, archived=True)
                if record is None:
                    raise not_found("no such archived record", [record_id])
            else:
                record = table.must_find(record_id, id_property)
            return 200, _shown(account, table, record, parameters)
        case "PATCH":
            said = {**_checked(table, body), "id": record_id, "idProperty": id_property}
            return 200, writer.update(said)
        case "DELETE":
            writer.archive({"id": record_id})
            return 204, None
    raise Problem(405, "VALIDATION_ERROR", "this address doesn't take this method")


def _checked(table: Table, body: Any) -> Input:
    if not isinstance(body, dict) or not isinstance(body.get("properties"), dict):
        raise invalid("a record has `properties`")
    table.checker.known(body["properties"])
    return body


def _batch(table: Table, writer: Writer, action: str, body: Any) -> tuple[int, Any]:
    switches = writer.switches
    unique = "id" if switches.doubles_refuse_batch and action != "create" else None
    inputs = read_inputs(body, unique=unique)
    if action == "read":
        return _read(table, writer, body, inputs)
    if action == "archive":
        if switches.archived_is_404:
            for said in inputs:
                table.must_find(str(said.get("id")))
        for said in inputs:
            writer.archive(said)
        return 204, None
    verb: Verb | None = {
        "create": writer.create,
        "update": writer.update,
        "upsert": writer.upsert,
    }.get(action)
    if verb is None:
        raise Problem(404, "OBJECT_NOT_FOUND", "there is no such batch")
    if switches.unknown_property_refuses_batch:
        for said in inputs:
            table.checker.known(said.get("properties") or {})
    status, data = carried_out(inputs, verb, switches, _rehearsal(table, action), writer.at)
    return (201 if action == "create" and status == 200 else status), data


def _rehearsal(table: Table, action: str) -> Verb:
    """What would be wrong with a record, before any of its batch is written."""

    def look(said: Input) -> dict[str, Any]:
        kept = table.checker.values(said.get("properties") or {})
        name = said.get("idProperty")
        record = None
        if action == "update":
            record = table.must_find(str(said.get("id")), name)
        elif action == "upsert":
            record = table.find(str(said.get("id")), str(name))
        if record is None:
            table.checker.whole(kept)
        table.claim(kept, record)
        return {}

    return look


def _read(
    table: Table, writer: Writer, body: Any, inputs: Sequence[Input]
) -> tuple[int, dict[str, Any]]:
    name = body.get("idProperty")
    usual = ["hs_object_id", "createdate", table.modified_name]
    names = [*dict.fromkeys([*(body.get("properties") or []), *usual])]

    def verb(said: Input) -> dict[str, Any]:
        return table.must_find(str(said.get("id")), name).shown(names)

    if inputs:
        table.find("", name)  # an idProperty that isn't unique is the whole request's fault
    each = replace(writer.switches, batch_errors="each")
    return carried_out(inputs, verb, each, verb, writer.at)


def _listed(account: Account, table: Table, parameters: dict[str, str]) -> dict[str, Any]:
    limit = parameters.get("limit") or str(USUAL_PER_PAGE)
    if not limit.isdecimal() or not 0 < int(limit) <= MOST_PER_PAGE:
        raise invalid(f"limit is a number up to {MOST_PER_PAGE}")
    after = parameters.get("after") or None
    if after is not None and not after.isdecimal():
        raise invalid("after is what the last page said")
    archived = parameters.get("archived") == "true"
    found, has_more = table.page(after, int(limit), archived=archived)
    answer: dict[str, Any] = {
        "results": [_shown(account, table, record, parameters) for record in found]
    }
    if has_more:
        answer["paging"] = {"next": {"after": found[-1].id}}
    return answer


def _shown(
    account: Account, table: Table, record: Record, parameters: dict[str, str]
) -> dict[str, Any]:
    usual = ["hs_object_id", "createdate", table.modified_name]
    wanted = [name for name in parameters.get("properties", "").split(",") if name]
    shown = record.shown([*dict.fromkeys([*wanted, *usual])])
    others = [name for name in parameters.get("associations", "").split(",") if name]
    if others:
        shown["associations"] = {}
    for name in others:
        other = account.table(name).name
        held = account.associations.of((table.name, other), record.id)
        if held:
            kind = f"{table.name}_to_{other}"
            results = [{"id": target, "type": kind} for target in held]
            shown["associations"][other] = {"results": results}
    return shown


def _merge(account: Account, table: Table, body: Any, writer: Writer) -> dict[str, Any]:
    said = body if isinstance(body, dict) else {}
    primary = table.must_find(str(said.get("primaryObjectId")))
    other = table.must_find(str(said.get("objectIdToMerge")))
    if primary is other:
        raise invalid("a record can't be merged with itself")
    account.associations.move(table.name, other.id, primary.id)
    table.archive(other, writer.at)
    table.lead_on(other.id, primary.id)
    gained = {
        name: value
        for name, value in other.properties.items()
        if name not in primary.properties and not table.properties[name].is_read_only
    }
    held = [each.properties.get(MERGED_IDS) for each in (primary, other)]
    gained[MERGED_IDS] = ";".join([*(each for each in held if each), other.id])
    table.update(primary, gained, writer.at)
    del table.records[other.id]
    if account.switches.merging_makes_an_id:
        former = primary.id
        primary.properties[MERGED_IDS] += f";{former}"
        table.rename(primary, writer.new_id())
        account.associations.move(table.name, former, primary.id)
        table.lead_on(former, primary.id)
    return primary.shown()


def _erase(account: Account, table: Table, body: Any) -> tuple[int, None]:
    said = body if isinstance(body, dict) else {}
    record = table.must_find(str(said.get("objectId")), said.get("idProperty"))
    account.associations.remove_all(table.name, record.id)
    table.erase(record)
    return 204, None
