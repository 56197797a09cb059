"""The API of one account: what comes in is counted, let in, sent to where it belongs, answered."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import orjson

from sandbox.faults import Fault, FaultPlan
from sandbox.hubspot import control, links, objects
from sandbox.hubspot.account import Account
from sandbox.hubspot.problems import Problem, invalid
from sandbox.hubspot.quotas import too_many
from sandbox.hubspot.tokens import stranger
from sandbox.messages import CONTROL, Answer, Request, segments


class HubSpot:
    """A sandbox of HubSpot; call it with a request."""

    def __init__(
        self,
        account: Account | None = None,
        *,
        clock: Callable[[], float] = time.time,
        chance: random.Random | None = None,
    ) -> None:
        self.account = account or Account()
        self.faults = FaultPlan()
        self.clock = clock
        self._chance = chance or random.Random(7)  # noqa: S311 - only the order of results

    @property
    def ways_in(self) -> Mapping[str, str]:
        """What one signs in with."""
        return {"access_token": self.account.tokens.private}

    def __call__(self, request: Request) -> Answer:
        """Answer a request."""
        parts = [unquote(part) for part in segments(request.path)]
        if parts[0] == CONTROL:
            return control.answer(self.account, self.faults, request, parts[1:])
        is_read = request.method == "GET" or parts[-2:] == ["batch", "read"] or "search" in parts
        self.account.count(is_read=is_read)
        fault = self.faults.next(request.path, is_read=is_read)
        answer = (fault and self._fault_before(fault)) or self._answer(request, parts)
        if self.account.switches.shuffled or (fault is not None and fault.fault == "shuffle"):
            self._shuffle(answer)
        if fault is not None:
            answer = _fault_after(fault, answer)
        answer.delay += self.account.switches.latency
        return answer

    def _fault_before(self, fault: Fault) -> Answer | None:
        """What the plan answers instead of us, if it does."""
        match fault.fault:
            case "busy":
                headers = {}
                if fault.retry_after is not None:
                    headers["Retry-After"] = f"{fault.retry_after:g}"
                return _refusal(too_many(fault.policy), headers)
            case "error":
                return Answer(fault.status, {"status": "error", "message": "as planned"})
            case "cut":
                return Answer(500, delivery="none")
            case "expire_token":
                self.account.tokens.granted.clear()
                return stranger().answer()
            case "lag":
                self.account.switches.index_lag = fault.seconds
        return None

    def _answer(self, request: Request, parts: Sequence[str]) -> Answer:
        headers: dict[str, str] = {}
        now = self.clock()
        try:
            if parts[0] == "oauth":
                return _token(self.account, request, parts, now)
            is_oauth = self.account.tokens.check(request.headers, now)
            headers = self.account.quotas.admit(_kind(parts), now, is_oauth=is_oauth)
            status, data = _routed(self.account, request, parts, now)
        except Problem as problem:
            return _refusal(problem, headers)
        return Answer(status, data, headers)

    def _shuffle(self, answer: Answer) -> None:
        if isinstance(answer.data, dict):
            for name in ("results", "errors"):
                if isinstance(answer.data.get(name), list):
                    self._chance.shuffle(answer.data[name])


def _fault_after(fault: Fault, answer: Answer) -> Answer:
    match fault.fault:
        case "error_after":
            return Answer(fault.status, {"status": "error", "message": "as planned"})
        case "timeout":
            answer.delay, answer.delivery = fault.seconds, "none"
        case "cut_after":
            answer.delivery = "none"
        case "short":
            answer.delivery = "half"
        case "slow":
            answer.delay = fault.seconds
    return answer


def _refusal(problem: Problem, headers: dict[str, str]) -> Answer:
    if problem.status == 429:
        policy = problem.context["policy"][0]
        return problem.answer(headers, errorType="RATE_LIMIT", policyName=policy)
    return problem.answer(headers)


def _kind(parts: Sequence[str]) -> str:
    if parts[-1] == "search":
        return "search"
    return "associations" if parts[:2] == ["crm", "v4"] else ""


def _token(account: Account, request: Request, parts: Sequence[str], now: float) -> Answer:
    if request.method != "POST" or parts[2:] != ["token"]:
        raise unknown_address()
    return Answer(200, account.tokens.exchange(request.form, now))


def _routed(
    account: Account, request: Request, parts: Sequence[str], now: float
) -> tuple[int, Any]:
    body = _body(request)
    match parts:
        case ["crm", "v3", "properties", name, *rest]:
            return objects.properties(account.table(name), request.method, rest, body)
        case ["crm", "v3", "objects", name, *rest] | ["crm", "objects", _, name, *rest]:
            return objects.records(account, account.table(name), request, rest, body, now)
        case ["crm", "v4", "objects", source, record_id, "associations", *rest]:
            return links.single(account, request.method, source, record_id, rest, body)
        case ["crm", "v4", "associations", source, target, *rest]:
            return links.batch(account, request.method, (source, target), rest, body)
    raise unknown_address()


def _body(request: Request) -> Any:
    if not request.body:
        return None
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise invalid("the body isn't JSON") from None


def unknown_address() -> Problem:
    """There is nothing at this address."""
    return Problem(404, "OBJECT_NOT_FOUND", "there is nothing at this address")
