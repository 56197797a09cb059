"""The API of one server: what comes in is counted, let in, sent to where it belongs, answered."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import orjson

from sandbox.faults import Fault, FaultPlan
from sandbox.messages import CONTROL, Answer, Request, segments
from sandbox.wukong import control
from sandbox.wukong.problems import (
    DELETED,
    HAS_RELATIONS,
    INVALID,
    NOWHERE,
    TOO_FREQUENT,
    Problem,
)
from sandbox.wukong.search import search
from sandbox.wukong.server import ID_NAMES, LABELS, PREFIXES, Server
from sandbox.wukong.store import Module, named

OWN_CODES = range(400, 501)
"""A fault's status that is a code of the server's own; a higher one is a gateway's, by HTTP."""

READS = frozenset({"queryPageList", "queryById", "list", "queryFields", "field", "verify"})


class Wukong:
    """A sandbox of 悟空CRM; call it with a request."""

    def __init__(
        self, server: Server | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.account = server or Server()
        self.faults = FaultPlan()
        self.clock = clock

    @property
    def ways_in(self) -> Mapping[str, str]:
        """What one signs in with."""
        sessions = self.account.sessions
        return {"username": sessions.username, "password": sessions.password}

    def __call__(self, request: Request) -> Answer:
        """Answer a request."""
        parts = [unquote(part) for part in segments(request.path)]
        if parts[0] == CONTROL:
            return control.answer(self.account, self.faults, request, parts[1:])
        is_read = not READS.isdisjoint(parts)
        if is_read:
            self.account.reads += 1
        elif parts != ["login"]:
            self.account.writes += 1
        fault = self.faults.next(request.path, is_read=is_read)
        answer = (fault and self._fault_before(fault)) or self._answer(request, parts)
        if fault is not None:
            answer = _fault_after(fault, answer)
        answer.delay += self.account.switches.latency
        return answer

    def _fault_before(self, fault: Fault) -> Answer | None:
        """What the plan answers instead of us, if it does."""
        match fault.fault:
            case "busy":
                return Problem(TOO_FREQUENT, "请求过于频繁").answer()
            case "error":
                return _failure(fault.status)
            case "cut":
                return Answer(500, delivery="none")
            case "expire_token":
                self.account.sessions.tokens.clear()
                return self.account.sessions.stranger().answer()
            case "lag":
                self.account.switches.index_lag = fault.seconds
        return None

    def _answer(self, request: Request, parts: Sequence[str]) -> Answer:
        now = self.clock()
        try:
            self.account.admit(now)
            body = _body(request)
            if parts == ["login"]:
                said: Any = self.account.sessions.sign_in(body, now)
            else:
                self.account.sessions.check(request.headers, now)
                said = _routed(self.account, parts, body, now)
        except Problem as problem:
            return problem.answer()
        return Answer(200, {"code": 0, "msg": "success", "data": said})


def _fault_after(fault: Fault, answer: Answer) -> Answer:
    match fault.fault:
        case "error_after":
            return _failure(fault.status)
        case "timeout":
            answer.delay, answer.delivery = fault.seconds, "none"
        case "cut_after":
            answer.delivery = "none"
        case "short":
            answer.delivery = "half"
        case "slow":
            answer.delay = fault.seconds
        case "shuffle" if isinstance(answer.data.get("data"), dict):
            answer.data["data"].get("list", []).reverse()
    return answer


def _failure(status: int) -> Answer:
    return Problem(status, "as planned", 200 if status in OWN_CODES else status).answer()


def _body(request: Request) -> Any:
    if request.method != "POST":
        raise Problem(405, "only POST")
    try:
        return orjson.loads(request.body) if request.body else {}
    except orjson.JSONDecodeError:
        raise Problem(INVALID, "the body isn't JSON") from None


def _routed(server: Server, parts: Sequence[str], body: Any, now: float) -> Any:
    match parts:
        case ["crmField", "list", label] if label in LABELS:
            fields = server.modules[LABELS[label]].fields.values()
            return [each.described() for each in fields]
        case [prefix, action, *rest] if prefix in PREFIXES:
            module = server.modules[PREFIXES[prefix]]
            return _acted(server, module, [action, *rest], body, now)
    raise Problem(NOWHERE, "there is nothing at this address")


def _acted(server: Server, module: Module, action: Sequence[str], body: Any, now: float) -> Any:
    match action:
        case ["add"]:
            module.save(dict(named(module, body)), server.new_id(), now, is_new=True)
        case ["update"]:
            record_id = _number((body.get("entity") or {}).get(module.id_name))
            # the server's update of no row is no error
            if record_id in module.records:
                module.save(dict(named(module, body)), record_id, now, is_new=False)
        case ["deleteByIds"]:
            _delete(server, module, [_number(each) for each in body], now)
        case ["queryById", record_id]:
            return _one(module, _number(record_id))
        case ["queryPageList"]:
            return search(module, body, now)
        case _:
            raise Problem(NOWHERE, "there is nothing at this address")
    return None


def _one(module: Module, record_id: int) -> Any:
    record = module.records.get(record_id)
    if record is not None:
        return module.shown(record)
    if module.switches.missing_is_empty:
        return None
    raise Problem(DELETED, "数据已被删除")


def _delete(server: Server, module: Module, record_ids: Sequence[int], now: float) -> None:
    known = [each for each in record_ids if each in module.records]
    if len(known) < len(record_ids) and not module.switches.deleting_nothing_is_ok:
        raise Problem(DELETED, "数据已被删除")
    name = ID_NAMES[module.name]
    others = [each for each in server.modules.values() if each is not module]
    if any(row.get(name) in known for other in others for row in other.records.values()):
        raise Problem(HAS_RELATIONS, "存在关联数据,不能删除")
    for each in known:
        module.remove(each, now)


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise Problem(1003, "an id is missing, or is none") from None
