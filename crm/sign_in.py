"""How a request shows who we are: fixed headers, a token that is fetched, or a signature."""

import base64
import hashlib
import hmac
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlsplit

import orjson

from crm.answers import Reading
from crm.errors import CrmError, FatalError
from crm.pointer import Pointer
from crm.runtime import Runtime
from crm.template import TextTemplate
from crm.transport import Answer, Call, Request

EARLY = 60.0
"""Seconds before a token's end at which a new one is fetched, or a tenth of its life."""

DERIVED_SECRETS = {
    "basic": ("username", "password"),
    "client_basic": ("client_id", "client_secret"),
}
"""What HTTP's basic scheme makes of two secrets."""

Ask = Callable[[Call], tuple[Answer, Reading]]
"""Sends a request without showing who we are; raises what the caller of a call would get."""


@dataclass(frozen=True, slots=True)
class TokenRules:
    """How a token is fetched, where the answer holds it, and how long it lives."""

    call: Callable[[Mapping[str, str]], Call]
    """Makes the sign-in request of the connection's secrets."""
    pointer: Pointer | None = None
    cookie: str | None = None
    lifetime: float | None = None
    lifetime_pointer: Pointer | None = None
    is_jwt: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """How requests are signed with a shared secret."""

    text: TextTemplate
    algorithm: str = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    timestamp: Literal["seconds", "milliseconds"] = "seconds"


@dataclass(frozen=True, slots=True)
class SignInRules:
    """What every request carries; the templates see the connection's secrets and `token`."""

    headers: Mapping[str, TextTemplate] = field(default_factory=dict)
    parameters: Mapping[str, TextTemplate] = field(default_factory=dict)
    token: TokenRules | None = None
    signature: Signature | None = None


class SignIn:
    """Shows who we are; keeps the token for all threads of a connection."""

    def __init__(self, rules: SignInRules, secrets: Mapping[str, str], runtime: Runtime) -> None:
        self._rules = rules
        self._secrets = with_derived(secrets)
        self._runtime = runtime
        self._lock = threading.Lock()
        self._token: str | None = None
        self._ends = float("inf")
        self._refusal: CrmError | None = None

    @property
    def renewable(self) -> bool:
        """Whether there is a token that can be fetched anew."""
        return self._rules.token is not None

    def token(self, ask: Ask) -> str | None:
        """Give the token, fetched first if there is none or it is about to end."""
        if self._rules.token is None:
            return None
        token = self._token
        if token is not None and self._runtime.now() < self._ends:
            return token
        with self._lock:
            # another thread may have fetched it while we waited
            if self._token is None or self._runtime.now() >= self._ends:
                self._token = self._fetch(ask, self._rules.token)
            return self._token

    def discard(self, token: str | None) -> None:
        """Forget this token: the CRM no longer takes it. A newer one is kept."""
        with self._lock:
            if self._token == token:
                self._token = None

    def sign(self, request: Request, token: str | None) -> Request:
        """Give the request with what shows who we are."""
        values: dict[str, Any] = {**self._secrets, "token": token}
        if self._rules.signature is not None:
            values.update(self._signed(request, self._rules.signature))
        headers = {name: make(values) for name, make in self._rules.headers.items()}
        url = request.url
        if self._rules.parameters:
            mark = "&" if "?" in url else "?"
            pairs = (f"{name}={make(values)}" for name, make in self._rules.parameters.items())
            url = f"{url}{mark}{'&'.join(pairs)}"
        return replace(request, url=url, headers={**request.headers, **headers})

    def _fetch(self, ask: Ask, rules: TokenRules) -> str:
        # a wrong password asked for again and again locks the account
        if self._refusal is not None:
            raise self._refusal
        answer, reading = ask(rules.call(self._secrets))
        if reading.meaning != "ok":
            self._refusal = FatalError(
                f"the CRM refused our sign-in ({reading}): check the connection's secrets"
            )
            raise self._refusal
        token = answer.cookies.get(rules.cookie) if rules.cookie else None
        if rules.pointer is not None:
            token = rules.pointer(reading.data)
        if not isinstance(token, str) or not token:
            raise FatalError(f"the answer to our sign-in holds no token ({reading})")
        self._ends = self._end(rules, token, reading)
        return token

    def _end(self, rules: TokenRules, token: str, reading: Reading) -> float:
        now = self._runtime.now()
        lifetime = rules.lifetime
        if rules.lifetime_pointer is not None:
            lifetime = _number(rules.lifetime_pointer(reading.data))
        if rules.is_jwt and (ends := _jwt_end(token)) is not None:
            lifetime = ends - now
        if lifetime is None:
            return float("inf")
        return now + lifetime - min(EARLY, lifetime / 10)

    def _signed(self, request: Request, signature: Signature) -> dict[str, str]:
        unit = 1000 if signature.timestamp == "milliseconds" else 1
        address = urlsplit(request.url)
        values = {
            **self._secrets,
            "method": request.method,
            "address": address.path,
            "query": address.query,
            "timestamp": str(int(self._runtime.now() * unit)),
            "nonce": uuid.uuid4().hex,
            "body_hash": hashlib.sha256(request.body or b"").hexdigest(),
        }
        digest = hmac.new(
            self._secrets["secret_key"].encode(),
            signature.text(values).encode(),
            signature.algorithm,
        ).digest()
        signed = digest.hex() if signature.encoding == "hex" else base64.b64encode(digest).decode()
        return {**values, "signature": signed}


def with_derived(secrets: Mapping[str, str]) -> dict[str, str]:
    """Add what is made of two secrets."""
    made = dict(secrets)
    for name, parts in DERIVED_SECRETS.items():
        if all(part in secrets for part in parts):
            pair = ":".join(secrets[part] for part in parts)
            made[name] = base64.b64encode(pair.encode()).decode()
    return made


def _jwt_end(token: str) -> float | None:
    """Read when a JSON web token ends; it isn't ours to verify."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return _number(claims.get("exp")) if isinstance(claims, dict) else None


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
