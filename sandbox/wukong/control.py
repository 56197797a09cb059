"""The addresses below /_sandbox: what it holds, what was asked of it, switches and faults.

They are no part of 悟空's API, take no token and count in no rate.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson

from sandbox.faults import FaultPlan, read_faults
from sandbox.messages import Answer, Request
from sandbox.wukong.fields import new_field
from sandbox.wukong.problems import NOWHERE, Problem
from sandbox.wukong.server import Server

USUAL_PER_PAGE = 20


def answer(server: Server, faults: FaultPlan, request: Request, rest: Sequence[str]) -> Answer:
    """Answer what a person or a test wants to know or to change."""
    try:
        body = orjson.loads(request.body) if request.body else None
        return Answer(200, _answered(server, faults, request, rest, body))
    except (Problem, ValueError) as error:
        words = error.message if isinstance(error, Problem) else str(error)
        return Answer(400, {"status": "error", "message": words})


def _answered(
    server: Server,
    faults: FaultPlan,
    request: Request,
    rest: Sequence[str],
    body: Any,
) -> dict[str, Any]:
    said = body if isinstance(body, dict) else {}
    match request.method, rest:
        case "GET", []:
            return summary(server, faults)
        case "GET", ["records", name]:
            limit = int(request.parameters.get("limit") or USUAL_PER_PAGE)
            return {"records": list(server.module(name).records.values())[:limit]}
        case ("POST", ["faults"]):
            faults.add(read_faults(body))
        case "DELETE", ["faults"]:
            faults.clear()
        case "PATCH", ["switches"]:
            server.switches.change(said)
        case "POST", ["fields", name]:
            module = server.module(name)
            made = new_field(module.fields, said)
            module.fields[made.field_name] = made
            return made.as_data()
        case "POST", ["empty"]:
            for name in [said["object"]] if "object" in said else server.modules:
                server.empty(server.module(name).name)
        case "POST", ["expire"]:
            server.sessions.tokens.clear()
        case _:
            raise Problem(NOWHERE, "there is nothing at this address")
    return summary(server, faults)


def summary(server: Server, faults: FaultPlan) -> dict[str, Any]:
    """What the sandbox holds and was asked for, in numbers."""
    return {
        "kind": "wukong",
        "records": {name: len(module.records) for name, module in server.modules.items()},
        "requests": {
            "reads": server.reads,
            "writes": server.writes,
            "refused": server.refused,
            "sign_ins": server.sessions.sign_ins,
        },
        "faults": faults.left(),
        "switches": asdict(server.switches),
    }
