"""Connections: which CRMs a company has, and how to reach them.

A connection is a section of dlt's configuration, so that its secrets may stand in
the environment, in `.dlt/secrets.toml` or in a vault, and in one place for all
packages:

    [crm.selfbuilt]
    kind = "selfbuilt"
    profile = "pocketbase"            # shipped, or the path of one's own YAML
    base_url = "https://crm.example.com"
    rate = { per_second = 50, in_flight = 4 }
"""

from collections.abc import Callable
from dataclasses import replace
from threading import BoundedSemaphore
from typing import Any, TypeVar
from urllib.parse import urlsplit

from crm.budget import InMemory, Store
from crm.budget_files import Account, open_store
from crm.errors import ConfigurationError
from crm.http import Client
from crm.hubspot import rules as hubspot
from crm.hubspot.crm import HubSpot
from crm.protocol import Crm
from crm.quota import Quota, Rate
from crm.runtime import Runtime
from crm.selfbuilt.crm import SelfBuilt
from crm.selfbuilt.profile import Profile, load_profile
from crm.settings import Settings
from crm.sign_in import SignIn, with_derived
from crm.transport import RequestsTransport, Transport
from crm.wukong import rules as wukong
from crm.wukong.crm import Wukong

N = TypeVar("N", int, float)

CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 60.0

KINDS = ("hubspot", "selfbuilt", "wukong")


def connect(
    name: str,
    *,
    runtime: Runtime | None = None,
    transport: Transport | None = None,
    shared: bool = True,
) -> Crm:
    """Open the connection called so; nothing is sent yet.

    What it may send is shared with all processes of this machine that use the account; if not
    `shared`, as in a simulated world, this connection has its budgets for itself.

    Raises:
        ConfigurationError: a setting or a secret is missing or wrong; it says which.
    """
    settings = _Settings(name)
    runtime = runtime or Runtime()
    match settings.text("kind", choices=KINDS):
        case "hubspot":
            return _open_hubspot(settings, runtime=runtime, transport=transport, shared=shared)
        case "wukong":
            return _open_wukong(settings, runtime=runtime, transport=transport, shared=shared)
    return _open_selfbuilt(
        load_profile(settings.text("profile")),
        settings,
        runtime=runtime,
        transport=transport,
        shared=shared,
    )


def _open_selfbuilt(
    profile: Profile,
    settings: "_Settings",
    *,
    runtime: Runtime,
    transport: Transport | None,
    shared: bool,
) -> SelfBuilt:
    """Put the parts of a connection together."""
    base_url = settings.address()
    given = {name: settings.text(name, otherwise=value) for name, value in profile.settings.items()}
    secrets = {name: settings.secret(name) for name in profile.secrets}
    rate = settings.rate(profile.rate)
    profile = replace(profile, rate=rate)
    known = {**given, **secrets}
    budgets = _Budgets(settings.account(base_url), runtime, shared=shared)
    client = Client(
        base_url=base_url.rstrip("/"),
        rules=profile.answers,
        sign_in=SignIn(profile.sign_in, known, runtime),
        quota=budgets.open("", rate),
        transport=settings.transport(
            transport, base_url, rate, profile.connect_timeout, profile.read_timeout
        ),
        runtime=runtime,
        check=profile.check_call.make(with_derived(known)) if profile.check_call else None,
        slots=BoundedSemaphore(rate.in_flight),
    )
    return SelfBuilt(profile, client, given)


def _open_hubspot(
    settings: "_Settings",
    *,
    runtime: Runtime,
    transport: Transport | None,
    shared: bool,
) -> HubSpot:
    """Put the parts of a connection to HubSpot together."""
    base_url = settings.address(hubspot.BASE_URL)
    auth = settings.text("auth", otherwise="private_app", choices=("private_app", "oauth"))
    rules, names = (
        (hubspot.oauth(), hubspot.OAUTH_SECRETS)
        if auth == "oauth"
        else (hubspot.PRIVATE_APP, hubspot.PRIVATE_APP_SECRETS)
    )
    rate = settings.rate(hubspot.RATE)
    secrets = {name: settings.secret(name) for name in names}
    # all of HubSpot has one address; a token is one account's, and too long to be guessed
    account = settings.account(base_url, otherwise="\n".join(secrets.values()))
    budgets = _Budgets(account, runtime, shared=shared)
    client = Client(
        base_url=base_url.rstrip("/"),
        rules=hubspot.ANSWERS,
        sign_in=SignIn(rules, secrets, runtime),
        quota=budgets.open("", rate),
        transport=settings.transport(transport, base_url, rate),
        runtime=runtime,
        budgets={
            hubspot.SEARCH: budgets.open(
                hubspot.SEARCH, settings.rate(hubspot.SEARCH_RATE, "search_rate")
            ),
            hubspot.ASSOCIATIONS: budgets.open(
                hubspot.ASSOCIATIONS, settings.rate(hubspot.ASSOCIATIONS_RATE, "association_rate")
            ),
        },
        slots=BoundedSemaphore(rate.in_flight),
    )
    options = hubspot.Options(
        names=settings.names,
        external_id=settings.text("external_id", otherwise="tongke_id"),
        version=settings.text("version", otherwise="v3"),
        page_size=settings.whole("page_size", hubspot.MOST_IN_PAGE),
        read_lag=settings.seconds("read_lag", hubspot.READ_LAG, least=0),
        in_flight=rate.in_flight,
    )
    return HubSpot(client, options)


def _open_wukong(
    settings: "_Settings",
    *,
    runtime: Runtime,
    transport: Transport | None,
    shared: bool,
) -> Wukong:
    """Put the parts of a connection to 悟空 together."""
    base_url = settings.address()
    rate = settings.rate(wukong.RATE)
    secrets = {name: settings.secret(name) for name in wukong.SECRETS}
    session = settings.text("client", otherwise="pc", choices=tuple(wukong.CLIENTS))
    budgets = _Budgets(settings.account(base_url), runtime, shared=shared)
    client = Client(
        base_url=base_url.rstrip("/"),
        rules=wukong.ANSWERS,
        sign_in=SignIn(wukong.sign_in(session), secrets, runtime),
        quota=budgets.open("", rate),
        transport=settings.transport(transport, base_url, rate),
        runtime=runtime,
        slots=BoundedSemaphore(rate.in_flight),
        sign_in_rules=wukong.SIGN_IN_ANSWERS,
        has_one_session=True,
    )
    updates = settings.text("updates", otherwise="whole", choices=("whole", "changes"))
    options = wukong.Options(
        zone=settings.text("time_zone", otherwise="Asia/Shanghai"),
        is_update_whole=updates == "whole",
        values_per_search=settings.whole("values_per_search", 1),
        page_size=settings.whole("page_size", wukong.MOST_IN_PAGE),
        read_lag=settings.seconds("read_lag", wukong.READ_LAG, least=0),
        in_flight=rate.in_flight,
    )
    return Wukong(client, options)


class _Budgets:
    """Opens the budgets of one account."""

    def __init__(self, account: Account, runtime: Runtime, *, shared: bool) -> None:
        self._account = account
        self._runtime = runtime
        self._shared = shared

    def open(self, name: str, rate: Rate) -> Quota:
        """Open one of them; "" is the one that most requests draw on."""
        store: Store = InMemory()
        if self._shared:
            store = open_store(self._account, name, rate, self._runtime)
        return Quota(rate, self._runtime, store)


class _Settings:
    """One section of the configuration; knows what to say when a key is missing."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.where = f"crm.{name}"
        self._set = Settings()

    def text(self, key: str, *, otherwise: str | None = None, choices: tuple[str, ...] = ()) -> str:
        value: Any = self._set.get(f"{self.where}.{key}")
        if value is None:
            if otherwise is not None:
                return otherwise
            raise self._missing(key, "config.toml")
        if choices and value not in choices:
            raise ConfigurationError(f"{self.where}.{key}: must be one of {', '.join(choices)}")
        return str(value)

    def secret(self, key: str) -> str:
        value: Any = self._set.secret(f"{self.where}.{key}")
        if value is None:
            raise self._missing(key, "secrets.toml")
        return str(value)

    def address(self, otherwise: str | None = None) -> str:
        """Give where the CRM is."""
        base_url = self.text("base_url", otherwise=otherwise)
        if urlsplit(base_url).scheme not in {"http", "https"} or not urlsplit(base_url).netloc:
            raise ConfigurationError(
                f"{self.where}.base_url: must begin with https:// (or http://)"
            )
        return base_url

    def transport(
        self,
        given: Transport | None,
        base_url: str,
        rate: Rate,
        connect: float = CONNECT_TIMEOUT,
        read: float = READ_TIMEOUT,
    ) -> Transport:
        """Give the way to the CRM, with its time-outs in seconds unless they are set.

        One that is `given` is taken, but what is wrong with the settings is said all the same.
        """
        connecting = self.seconds("timeouts.connect", connect)
        reading = self.seconds("timeouts.read", read)
        return given or RequestsTransport(
            base_url, pool_size=rate.in_flight, connect=connecting, read=reading
        )

    def account(self, base_url: str, *, otherwise: str = "") -> Account:
        """Give whose quota it is; `account` tells accounts at one address apart."""
        return Account(self.name, base_url, self.text("account", otherwise=otherwise))

    def names(self, key: str) -> list[str]:
        """Give a list of names; in the environment it is a JSON list or has commas between."""
        value: Any = self._set.get(f"{self.where}.{key}")
        if value is None:
            return []
        if isinstance(value, str):
            value = value.strip().strip("[]").replace('"', "").split(",")
        if not isinstance(value, list):
            raise ConfigurationError(f"{self.where}.{key}: must be a list of names")
        return [name for each in value if (name := str(each).strip())]

    def rate(self, usual: Rate, key: str = "rate") -> Rate:
        """Give the usual rate with what the connection says of it."""
        per_window = self._number(f"{key}.per_window", int, None)
        return replace(
            usual,
            per_second=self._number(f"{key}.per_second", float, usual.per_second),
            burst=self._number(f"{key}.burst", int, usual.burst) or usual.burst,
            per_window=per_window or usual.per_window,
            window=self._number(f"{key}.window", float, usual.window) or usual.window,
            is_firm=usual.is_firm or per_window is not None,
            per_day=self._number(f"{key}.per_day", int, usual.per_day),
            time_zone=self.text(f"{key}.time_zone", otherwise=usual.time_zone),
            in_flight=self.whole(f"{key}.in_flight", usual.in_flight),
        )

    def whole(self, key: str, usual: int) -> int:
        """Give a whole number."""
        return self._number(key, int, usual) or usual

    def seconds(self, key: str, usual: float, *, least: float | None = None) -> float:
        """Give a span of time; above 0 if nothing else is said."""
        given = self._number(key, float, usual, least=least)
        return usual if given is None else given

    def _number(
        self,
        key: str,
        kind: Callable[[Any], N],
        otherwise: N | None,
        *,
        least: float | None = None,
    ) -> N | None:
        value: Any = self._set.get(f"{self.where}.{key}")
        if value is None:
            return otherwise
        try:
            number = kind(value)
        except (TypeError, ValueError):
            number = kind(-1)
        if number < least if least is not None else number <= 0:
            wanted = f"from {least:g} up" if least is not None else "above 0"
            raise ConfigurationError(f"{self.where}.{key}: must be a number {wanted}")
        return number

    def _missing(self, key: str, file: str) -> ConfigurationError:
        variable = f"{self.where}.{key}".replace(".", "__").upper()
        return ConfigurationError(
            f"{self.where}.{key} is missing: set it in .dlt/{file} under [{self.where}], "
            f"or as {variable} in the environment"
        )
