"""The addresses below /crm/v4: associations."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.hubspot.account import Account
from sandbox.hubspot.associations import Pair
from sandbox.hubspot.batches import read_inputs
from sandbox.hubspot.problems import Problem, not_found
from sandbox.hubspot.properties import TYPE_IDS

MOST = {"create": 2_000, "read": 1_000, "archive": 100, "default": 2_000, "labels": 100}

Input = Mapping[str, Any]


def single(
    account: Account, method: str, source: str, record_id: str, rest: Sequence[str], body: Any
) -> tuple[int, Any]:
    """Associate one record with another."""
    start = account.table(source)
    match method, rest:
        case "GET", [target]:
            pair = (start.name, account.table(target).name)
            start.must_find(record_id)
            return 200, {"results": account.associations.shown(pair, record_id)}
        case "PUT", ["default", target, target_id]:
            pair = (start.name, account.table(target).name)
            item = {"from": {"id": record_id}, "to": {"id": target_id}}
            results = list(_default(account, pair, item)["results"])
            return 200, {"status": "COMPLETE", "results": results}
        case "PUT", [target, target_id]:
            pair = (start.name, account.table(target).name)
            item = {"from": {"id": record_id}, "to": {"id": target_id}, "types": body}
            return 201, _create(account, pair, item)
        case "DELETE", [target, target_id]:
            account.associations.remove(
                (start.name, account.table(target).name), record_id, target_id
            )
            return 204, None
    raise Problem(404, "OBJECT_NOT_FOUND", "there is nothing at this address")


def batch(
    account: Account, method: str, names: Pair, rest: Sequence[str], body: Any
) -> tuple[int, Any]:
    """Associate records in batches."""
    pair = (account.table(names[0]).name, account.table(names[1]).name)
    match method, rest:
        case "GET", ["labels"]:
            usual = account.associations.usual_type(pair)
            label = {"category": "HUBSPOT_DEFINED", "typeId": usual, "label": None}
            return 200, {"results": [label]}
        case "POST", ["batch", "create"]:
            inputs = read_inputs(body, MOST["create"])
            return _each(inputs, lambda item: [_create(account, pair, item)], 201)
        case "POST", ["batch", "associate", "default"]:
            inputs = read_inputs(body, MOST["default"])
            return _each(inputs, lambda item: _default(account, pair, item)["results"], 200)
        case "POST", ["batch", "read"]:
            inputs = read_inputs(body, MOST["read"])
            return _each(inputs, lambda item: [_read(account, pair, item)], 200)
        case "POST", ["batch", "archive"]:
            for item in read_inputs(body, MOST["archive"]):
                for target in item.get("to") or []:
                    account.associations.remove(pair, _id(item["from"]), _id(target))
            return 204, None
        case "POST", ["batch", "labels", "archive"]:
            for item in read_inputs(body, MOST["labels"]):
                types = {int(each["associationTypeId"]) for each in item.get("types") or []}
                source, target = _id(item["from"]), _id(item["to"])
                account.associations.remove_types(pair, source, target, types)
            return 204, None
    raise Problem(404, "OBJECT_NOT_FOUND", "there is nothing at this address")


def _each(
    inputs: Sequence[Input], verb: Callable[[Input], list[Any]], status: int
) -> tuple[int, Any]:
    results: list[Any] = []
    errors: list[Any] = []
    for item in inputs:
        try:
            results += verb(item)
        except Problem as problem:
            errors.append(problem.item({}))
    answer = {"status": "COMPLETE", "results": results}
    if errors:
        return 207, {**answer, "numErrors": len(errors), "errors": errors}
    return status, answer


def _create(account: Account, pair: Pair, item: Input) -> dict[str, Any]:
    source, target = _ends(account, pair, item)
    types = {int(each["associationTypeId"]) for each in item.get("types") or []}
    account.associations.add(pair, source, target, types)
    labels = [
        each["label"]
        for each in next(
            shown["associationTypes"]
            for shown in account.associations.shown(pair, source)
            if shown["toObjectId"] == target
        )
        if each["label"]
    ]
    return {
        "fromObjectTypeId": TYPE_IDS[pair[0]],
        "fromObjectId": source,
        "toObjectTypeId": TYPE_IDS[pair[1]],
        "toObjectId": target,
        "labels": labels,
    }


def _default(account: Account, pair: Pair, item: Input) -> dict[str, Any]:
    source, target = _ends(account, pair, item)
    account.associations.add(pair, source, target, set())
    back = (pair[1], pair[0])
    return {
        "results": [
            {
                "from": {"id": one},
                "to": {"id": other},
                "associationSpec": {
                    "associationCategory": "HUBSPOT_DEFINED",
                    "associationTypeId": account.associations.usual_type(way),
                },
            }
            for way, one, other in ((pair, source, target), (back, target, source))
        ]
    }


def _read(account: Account, pair: Pair, item: Input) -> dict[str, Any]:
    record_id = _id(item)
    found = account.associations.shown(pair, record_id)
    if not found and account.associations.switches.no_associations_is_error:
        message = f"No {pair[1]} are associated with {record_id}"
        context = {"fromObjectId": [record_id]}
        raise Problem(404, "OBJECT_NOT_FOUND", message, context)
    return {"from": {"id": record_id}, "to": found}


def _ends(account: Account, pair: Pair, item: Input) -> tuple[str, str]:
    """The two records' ids, if both are there."""
    source, target = _id(item.get("from")), _id(item.get("to"))
    for name, record_id in zip(pair, (source, target), strict=True):
        if account.table(name).get(record_id) is None:
            problem = not_found(f"No {name} record has the id {record_id}", [record_id])
            problem.context = {"fromObjectId": [source], "toObjectId": [target]}
            raise problem
    return source, target


def _id(said: Any) -> str:
    if not isinstance(said, dict) or not said.get("id"):
        raise Problem(400, "VALIDATION_ERROR", "an input names records by their `id`")
    return str(said["id"])
