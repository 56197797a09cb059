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

from dataclasses import replace
from typing import Any
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
            connect=profile.connect_timeout,
            read=profile.read_timeout,
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
        made: dict[str, Any] = {}
        for key, kind in (
            ("per_second", float),
            ("burst", int),
            ("per_day", int),
            ("in_flight", int),
        ):
            value: Any = dlt.config.get(f"{self.where}.rate.{key}")
            if value is None:
                continue
            try:
                made[key] = kind(value)
            except (TypeError, ValueError):
                made[key] = 0
            if made[key] <= 0:
                raise ConfigurationError(f"{self.where}.rate.{key}: must be a number above 0")
        return replace(usual, **made)

    def _missing(self, key: str, file: str) -> ConfigurationError:
        variable = f"{self.where}.{key}".replace(".", "__").upper()
        return ConfigurationError(
            f"{self.where}.{key} is missing: set it in .dlt/{file} under [{self.where}], "
            f"or as {variable} in the environment"
        )
