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
from typing import Any, TypeVar
from urllib.parse import urlsplit

import dlt

from crm.errors import ConfigurationError
from crm.http import Client
from crm.protocol import Crm
from crm.quota import Quota, Rate
from crm.runtime import Runtime
from crm.selfbuilt.crm import SelfBuilt
from crm.selfbuilt.profile import Profile, load_profile
from crm.sign_in import SignIn, with_derived
from crm.transport import RequestsTransport, Transport

N = TypeVar("N", int, float)

KINDS = ("selfbuilt",)


def connect(
    name: str,
    *,
    runtime: Runtime | None = None,
    transport: Transport | None = None,
    quota: Quota | None = None,
) -> Crm:
    """Open the connection called so; nothing is sent yet.

    Raises:
        ConfigurationError: a setting or a secret is missing or wrong; it says which.
    """
    settings = _Settings(f"crm.{name}")
    settings.text("kind", choices=KINDS)
    return _open_selfbuilt(
        load_profile(settings.text("profile")),
        settings,
        runtime=runtime or Runtime(),
        transport=transport,
        quota=quota,
    )


def _open_selfbuilt(
    profile: Profile,
    settings: "_Settings",
    *,
    runtime: Runtime,
    transport: Transport | None,
    quota: Quota | None,
) -> SelfBuilt:
    """Put the parts of a connection together."""
    base_url = settings.text("base_url")
    if urlsplit(base_url).scheme not in {"http", "https"} or not urlsplit(base_url).netloc:
        raise ConfigurationError(
            f"{settings.where}.base_url: must begin with https:// (or http://)"
        )
    given = {name: settings.text(name, otherwise=value) for name, value in profile.settings.items()}
    secrets = {name: settings.secret(name) for name in profile.secrets}
    rate = settings.rate(profile.rate)
    profile = replace(profile, rate=rate)
    known = {**given, **secrets}
    client = Client(
        base_url=base_url.rstrip("/"),
        rules=profile.answers,
        sign_in=SignIn(profile.sign_in, known, runtime),
        quota=quota or Quota(rate, runtime),
        transport=transport
        or RequestsTransport(
            base_url,
            pool_size=rate.in_flight,
            connect=settings.seconds("timeouts.connect", profile.connect_timeout),
            read=settings.seconds("timeouts.read", profile.read_timeout),
        ),
        runtime=runtime,
        check=profile.check_call.make(with_derived(known)) if profile.check_call else None,
    )
    return SelfBuilt(profile, client, given)


class _Settings:
    """One section of the configuration; knows what to say when a key is missing."""

    def __init__(self, where: str) -> None:
        self.where = where

    def text(self, key: str, *, otherwise: str | None = None, choices: tuple[str, ...] = ()) -> str:
        value: Any = dlt.config.get(f"{self.where}.{key}")
        if value is None:
            if otherwise is not None:
                return otherwise
            raise self._missing(key, "config.toml")
        if choices and value not in choices:
            raise ConfigurationError(f"{self.where}.{key}: must be one of {', '.join(choices)}")
        return str(value)

    def secret(self, key: str) -> str:
        value: Any = dlt.secrets.get(f"{self.where}.{key}")
        if value is None:
            raise self._missing(key, "secrets.toml")
        return str(value)

    def rate(self, usual: Rate) -> Rate:
        """Give the profile's rate with what the connection says of it."""
        return Rate(
            per_second=self._number("rate.per_second", float, usual.per_second),
            burst=self._number("rate.burst", int, usual.burst) or usual.burst,
            per_day=self._number("rate.per_day", int, usual.per_day),
            in_flight=self._number("rate.in_flight", int, usual.in_flight) or usual.in_flight,
        )

    def seconds(self, key: str, usual: float) -> float:
        """Give a span of time."""
        return self._number(key, float, usual) or usual

    def _number(self, key: str, kind: Callable[[Any], N], otherwise: N | None) -> N | None:
        value: Any = dlt.config.get(f"{self.where}.{key}")
        if value is None:
            return otherwise
        try:
            number = kind(value)
        except (TypeError, ValueError):
            number = kind(0)
        if number <= 0:
            raise ConfigurationError(f"{self.where}.{key}: must be a number above 0")
        return number

    def _missing(self, key: str, file: str) -> ConfigurationError:
        variable = f"{self.where}.{key}".replace(".", "__").upper()
        return ConfigurationError(
            f"{self.where}.{key} is missing: set it in .dlt/{file} under [{self.where}], "
            f"or as {variable} in the environment"
        )
