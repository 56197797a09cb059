"""The standard suite on the sandbox of 悟空, in each way it may behave."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pytest

from sandbox.serving import serving
from sandbox.wukong.api import Wukong as Sandbox
from sandbox.wukong.fields import CUSTOM, EXTENDED, FIXED, TEXT, Field
from tests.connections import configure
from tests.crm import suite
from tests.crm.faults import Proxy
from tests.crm.suite import CrmSuite, System

WRITES = ("/add", "/update", "/deleteByIds")


@dataclass
class Server:
    """The sandbox, as the suite wants a server to be."""

    sandbox: Sandbox
    url: str

    def expire_tokens(self) -> None:
        self.sandbox.account.sessions.tokens.clear()

    def empty(self, name: str) -> None:
        self.sandbox.account.empty(name)


def new_sandbox(**switches: object) -> Sandbox:
    """A sandbox whose customers are the suite's companies; each request is a second later."""
    ticks = itertools.count()
    started = int(time.time())
    sandbox = Sandbox(clock=lambda: started + next(ticks))
    sandbox.account.switches.change({"index_lag": 0, **switches})
    fields = [
        Field(1, "external_id", "通客编号", TEXT, CUSTOM, is_unique=True),
        Field(2, "name", "客户名称", TEXT, FIXED, 100, is_required=True),
        Field(3, "email", "邮箱", TEXT, EXTENDED),
        Field(4, "notes", "备注", TEXT, CUSTOM),
        Field(5, "open_tickets", "未结工单", TEXT, FIXED),
    ]
    sandbox.account.module("customer").fields = {each.field_name: each for each in fields}
    return sandbox


class TestWukong(CrmSuite):
    """As we take it that 悟空 behaves."""

    switches: ClassVar[dict[str, object]] = {}
    settings: ClassVar[dict[str, str]] = {}

    @pytest.fixture
    def system(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
        sandbox = new_sandbox(**self.switches)
        sessions = sandbox.account.sessions
        # 悟空 names its modules itself
        monkeypatch.setattr(suite, "OBJECT", "customer")
        settings = {"read_lag": "0", "page_size": "10", **self.settings}
        configure(monkeypatch.setenv, "suite", **settings)
        with serving(sandbox) as url:
            proxy = Proxy(url)
            yield System(
                server=Server(sandbox, url),
                proxy=proxy,
                kind="wukong",
                profile="",
                secrets={"username": sessions.username, "password": sessions.password},
                setenv=monkeypatch.setenv,
                is_read=lambda _, path: path != "/login" and not path.endswith(WRITES),
                is_write=lambda _, path: path.endswith(WRITES),
                sign_in_path="/login",
            )
            proxy.close()


class TestWukongOfAnotherMind(TestWukong):
    """Updates keep what they aren't given, searches take many values, what is gone has a code."""

    switches: ClassVar[dict[str, object]] = {
        "update_replaces": False,
        "null_keeps": False,
        "is_takes_many": True,
        "missing_is_empty": False,
        "deleting_nothing_is_ok": False,
        "gateway_refuses_strangers": True,
        "unique_sees": "index",
        "wrong_password_code": 1,
        "time_zone": "America/New_York",
    }
    settings: ClassVar[dict[str, str]] = {
        "updates": "changes",
        "values_per_search": "20",
        "time_zone": "America/New_York",
    }
