"""Every kind of sign-in, as it shows in the requests."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm.errors import FatalError, RetryableError, UnknownOutcomeError
from crm.protocol import Crm
from crm.runtime import Runtime
from crm.transport import Answer, CutOffError, NotSentError
from tests.crm.scripted import SINGLE, Headers, Script, answer, connection, writes

NOTHING = answer(200, {"items": []})
LOGIN = {
    "kind": "login_token",
    "path": "/login",
    "body": {"user": "{user}", "password": "{password}"},
    "pointer": "/t",
}
WHO = {"user": "u", "password": "p"}


class Clock:
    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def runtime(self) -> Runtime:
        return Runtime(now=lambda: self.time, monotonic=lambda: self.time, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def connected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Callable[..., Crm]:
    def connect(auth: dict[str, Any], script: Script, **secrets: str) -> Crm:
        profile = {**SINGLE, "auth": auth}
        return connection(tmp_path, monkeypatch, profile, script, clock.runtime(), **secrets)

    return connect


def jwt(ends: float) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": ends}).encode()).decode().rstrip("=")
    return f"h.{claims}.s"


@pytest.mark.parametrize(
    ("auth", "secrets", "header", "expected"),
    [
        (
            {"kind": "basic"},
            {"username": "张", "password": "p:w"},
            "Authorization",
            "Basic " + base64.b64encode("张:p:w".encode()).decode(),
        ),
        ({"kind": "bearer"}, {"access_token": "t"}, "Authorization", "Bearer t"),
        ({"kind": "api_key"}, {"api_key": "k"}, "X-Api-Key", "k"),
        ({"kind": "api_key", "header": "apikey"}, {"api_key": "k"}, "apikey", "k"),
        ({"kind": "none"}, {}, "Authorization", None),
    ],
)
def test_fixed_headers(
    connected: Callable[..., Crm],
    auth: dict[str, Any],
    secrets: dict[str, str],
    header: str,
    expected: str | None,
) -> None:
    script = Script(NOTHING)
    list(connected(auth, script, **secrets).scan("things"))
    assert script.requests[0].headers.get(header) == expected


def test_a_key_may_travel_in_the_address(connected: Callable[..., Crm]) -> None:
    script = Script(NOTHING)
    list(connected({"kind": "api_key", "param": "key"}, script, api_key="a&b").scan("things"))
    assert script.requests[0].url == "http://crm/things?key=a%26b"


def test_a_token_is_fetched_once_and_again_shortly_before_its_end(
    connected: Callable[..., Crm], clock: Clock
) -> None:
    script = Script(
        answer(200, {"t": "one", "s": 1000}), NOTHING, NOTHING, answer(200, {"t": "two"}), NOTHING
    )
    crm = connected({**LOGIN, "lifetime_pointer": "/s", "value": "Token {token}"}, script, **WHO)
    list(crm.scan("things"))
    clock.time += 939
    list(crm.scan("things"))
    clock.time += 2
    list(crm.scan("things"))
    assert json.loads(script.requests[0].body or b"") == {"user": "u", "password": "p"}
    carried = [each.headers.get("Authorization") for each in script.requests]
    assert carried == [None, "Token one", "Token one", None, "Token two"]


def test_a_json_web_token_says_its_own_end(connected: Callable[..., Crm], clock: Clock) -> None:
    first = jwt(clock.time + 1000)
    script = Script(answer(200, {"t": first}), NOTHING, answer(200, {"t": "no.jwt"}), NOTHING)
    crm = connected({**LOGIN, "lifetime": "jwt"}, script, **WHO)
    list(crm.scan("things"))
    clock.time += 990
    list(crm.scan("things"))
    assert len(script.requests) == 4


def test_a_token_may_be_a_cookie(connected: Callable[..., Crm]) -> None:
    session = Answer(200, Headers(), b"", {"SESSION": "s1", "other": "x"})
    auth = {**LOGIN, "pointer": None, "cookie": "SESSION", "header": "Cookie"}
    script = Script(session, NOTHING)
    list(connected({**auth, "value": "SESSION={token}"}, script, **WHO).scan("things"))
    assert script.requests[1].headers["Cookie"] == "SESSION=s1"


def test_oauth_asks_with_a_form_or_with_a_header(connected: Callable[..., Crm]) -> None:
    token = answer(200, {"access_token": "t", "expires_in": 3600})
    auth = {"kind": "oauth2_client_credentials", "path": "https://login.example/token"}
    secrets = {"client_id": "c", "client_secret": "s&"}
    in_body, in_header = Script(token, NOTHING), Script(token, NOTHING)
    list(connected({**auth, "scope": "crm all"}, in_body, **secrets).scan("things"))
    asked = in_body.requests[0]
    assert asked.url == "https://login.example/token"
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.body == (
        b"grant_type=client_credentials&client_id=c&client_secret=s%26&scope=crm%20all"
    )
    list(connected({**auth, "client_in": "header"}, in_header, **secrets).scan("things"))
    assert in_header.requests[0].headers["Authorization"] == "Basic YzpzJg=="
    assert in_header.requests[1].headers["Authorization"] == "Bearer t"


def test_a_request_is_signed_over_what_it_says(connected: Callable[..., Crm], clock: Clock) -> None:
    auth = {
        "kind": "hmac_sign",
        "text": "{method}\n{address}\n{query}\n{timestamp}\n{nonce}\n{body_hash}",
        "timestamp": "milliseconds",
        "headers": {
            "X-Key": "{access_key}",
            "X-Time": "{timestamp}",
            "X-Nonce": "{nonce}",
            "X-Signature": "{signature}",
        },
    }
    script = Script(answer(200, {"items": []}), NOTHING)
    crm = connected(auth, script, access_key="ak", secret_key="sk")
    crm.find("things", "name", ["张"])
    sent = script.requests[0].headers
    assert sent["X-Key"] == "ak"
    assert sent["X-Time"] == str(int(clock.time * 1000))
    nothing = hashlib.sha256(b"").hexdigest()
    text = f"GET\n/things\nq=%E5%BC%A0\n{sent['X-Time']}\n{sent['X-Nonce']}\n{nothing}"
    assert sent["X-Signature"] == hmac.new(b"sk", text.encode(), "sha256").hexdigest()
    list(crm.scan("things"))
    assert script.requests[1].headers["X-Nonce"] != sent["X-Nonce"]


def test_a_refused_sign_in_is_never_tried_again(connected: Callable[..., Crm]) -> None:
    script = Script(answer(400, {"message": "wrong password p"}))
    crm = connected(LOGIN, script, **WHO)
    for _ in range(3):
        with pytest.raises(FatalError, match="refused our sign-in"):
            list(crm.scan("things"))
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    "trouble", [answer(500), answer(429), NotSentError("no"), CutOffError("cut")]
)
def test_a_sign_in_that_fails_for_now_leaves_a_write_unwritten(
    connected: Callable[..., Crm], trouble: Any
) -> None:
    script = Script(trouble, answer(200, {"t": "one"}), answer(201, {"id": "7"}))
    crm = connected(LOGIN, script, **WHO)
    with pytest.raises(RetryableError):
        crm.write("things", writes("create"))
    assert crm.write("things", writes("create"))[0].key == "k0"


def test_a_write_that_the_crm_didnt_know_us_for_goes_out_once_more(
    connected: Callable[..., Crm],
) -> None:
    script = Script(
        answer(200, {"t": "one"}), answer(401), answer(200, {"t": "two"}), CutOffError("cut")
    )
    with pytest.raises(UnknownOutcomeError):
        connected(LOGIN, script, **WHO).write("things", writes("create"))
    assert [each.headers.get("Authorization") for each in script.requests] == [
        None,
        "one",
        None,
        "two",
    ]


def test_an_account_that_is_never_known_is_fatal(connected: Callable[..., Crm]) -> None:
    token = answer(200, {"t": "one"})
    script = Script(token, answer(401), token, answer(401))
    with pytest.raises(FatalError, match="doesn't know us"):
        list(connected(LOGIN, script, **WHO).scan("things"))


def test_an_empty_answer_counts_once_the_sign_in_is_seen_to_hold(
    connected: Callable[..., Crm],
) -> None:
    auth = {**LOGIN, "check": {"path": "/me"}}
    script = Script(
        answer(200, {"t": "one"}),
        NOTHING,
        answer(401),  # to a guest, the lists of some CRMs are empty
        answer(200, {"t": "two"}),
        answer(200, {"items": [{"id": 1}]}),
    )
    pages = list(connected(auth, script, **WHO).scan("things"))
    assert [record.remote_id for page in pages for record in page] == ["1"]


@pytest.mark.parametrize("trouble", [CutOffError("cut"), answer(500)])
def test_a_check_without_an_answer_makes_a_refused_write_retryable(
    connected: Callable[..., Crm], trouble: Any
) -> None:
    auth = {**LOGIN, "check": {"path": "/me"}}
    script = Script(answer(200, {"t": "one"}), answer(400), trouble)
    with pytest.raises(RetryableError):
        connected(auth, script, **WHO).write("things", writes("create"))
