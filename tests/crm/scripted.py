"""A CRM that answers what a test has written down, and a connection to it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from crm.connections import connect
from crm.protocol import Crm, Write
from crm.runtime import Runtime
from crm.transport import Answer, Request
from tests.connections import configure

SINGLE = {
    "objects": {
        "things": {
            "scan": {"path": "/things", "items": "/items"},
            "find": {"path": "/things", "params": {"q": "{value}"}, "items": "/items"},
            "create": {"path": "/things", "body": "{fields}"},
            "update": {"method": "PATCH", "path": "/things/{id}", "body": "{fields}"},
            "delete": {"method": "DELETE", "path": "/things/{id}"},
        }
    }
}


class Headers(dict[str, str]):
    """Names in any case, as requests gives them."""

    def get(self, name: str, default: Any = None) -> Any:
        return next((v for k, v in self.items() if k.lower() == name.lower()), default)


def answer(status: int = 200, body: Any = None, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, Headers(named), content)


class Script:
    """Gives one answer after the other, or raises it; keeps the requests."""

    def __init__(self, *answers: Answer | Exception | Callable[[Request], Answer]) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    def send(self, request: Request) -> Answer:
        self.requests.append(request)
        said = self.answers.pop(0)
        if isinstance(said, Exception):
            raise said
        return said if isinstance(said, Answer) else said(request)

    def close(self) -> None:
        self.requests.clear()


def connection(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    profile: dict[str, Any],
    script: Script,
    runtime: Runtime | None = None,
    **settings: str,
) -> Crm:
    path = tmp_path / "profile.yml"
    path.write_text(yaml.safe_dump(profile, allow_unicode=True), encoding="utf-8")
    given = {"kind": "selfbuilt", "profile": str(path), "base_url": "http://crm", **settings}
    configure(monkeypatch.setenv, "scripted", **given)
    return connect("scripted", runtime=runtime or Runtime(), transport=script)


def writes(operation: Any, count: int = 1) -> list[Write]:
    remote = None if operation == "create" else "r{}"
    return [
        Write(f"k{n}", operation, remote and remote.format(n), {"name": f"n{n}"})
        for n in range(count)
    ]
