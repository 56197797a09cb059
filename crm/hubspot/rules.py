"""What HubSpot's answers mean, how it is signed in to, and what it allows per account.

From HubSpot's API reference (error handling, usage guidelines, OAuth) and its
OpenAPI specification, as of 2026-09.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

from crm.answers import AnswerRules, BudgetHeaders, Meanings, Predicate
from crm.pointer import compile_pointer, first_of
from crm.quota import Rate
from crm.sign_in import SignInRules, TokenRules
from crm.transport import Call

BASE_URL = "https://api.hubapi.com"
MOST_IN_BATCH = 100
MOST_IN_PAGE = 100

RATE = Rate(per_window=100, window=10.0, in_flight=8)
"""A private app's in a free or Starter account; the headers of its answers say what others have."""
SEARCH_RATE = Rate(per_window=5, window=1.0, is_firm=True)
"""Searches of an account, all apps together; their answers have no such headers."""
ASSOCIATIONS_RATE = Rate(per_window=100, window=10.0, per_day=500_000, is_firm=True)

READ_LAG = 10.0
"""Seconds after which we take it that a search sees a write; HubSpot names no number."""

SEARCH = "search"
ASSOCIATIONS = "associations"

ANSWERS = AnswerRules(
    meanings=Meanings(
        statuses={
            423: "busy",  # locked: something else works on it
            477: "busy",  # the account is being moved to another place
        }
    ),
    code=first_of((compile_pointer("/errors/@first/code"), compile_pointer("/category"))),
    message=compile_pointer("/message"),
    field_name=first_of(
        (
            compile_pointer("/errors/@first/context/propertyName/0"),
            compile_pointer("/context/propertyName/0"),
            compile_pointer("/errors/@first/in"),
        )
    ),
    request_id=compile_pointer("/correlationId"),
    budget=BudgetHeaders(
        limit="X-HubSpot-RateLimit-Max",
        remaining="X-HubSpot-RateLimit-Remaining",
        window_ms="X-HubSpot-RateLimit-Interval-Milliseconds",
        remaining_today="X-HubSpot-RateLimit-Daily-Remaining",
    ),
    day_spent=Predicate(compile_pointer("/policyName"), ("DAILY",)),
    waits={423: 2.0},
)

PRIVATE_APP = SignInRules(
    headers={"Authorization": lambda values: f"Bearer {values['access_token']}"}
)
PRIVATE_APP_SECRETS = ("access_token",)

OAUTH_SECRETS = ("client_id", "client_secret", "refresh_token")


def oauth() -> SignInRules:
    """Sign in as a public app that was installed into the account."""
    return SignInRules(
        headers={"Authorization": lambda values: f"Bearer {values['token']}"},
        token=TokenRules(
            call=_refresh,
            pointer=compile_pointer("/access_token"),
            lifetime_pointer=compile_pointer("/expires_in"),
        ),
    )


class Names(Protocol):
    """Looks up the lists of a connection's settings."""

    def __call__(self, key: str) -> Sequence[str]:
        """Give a list; empty if it isn't set."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a connection says of its account."""

    names: Names
    """Looks up `properties.<object>` and `associations.<object>`."""
    external_id: str = "tongke_id"
    """The property with unique values that holds our key."""
    version: str = "v3"
    """Of the objects API: v3, or a date such as 2026-03."""
    page_size: int = MOST_IN_PAGE
    read_lag: float = READ_LAG
    in_flight: int = 8

    def objects_path(self, object_name: str) -> str:
        """Where an object's records are."""
        if self.version == "v3":
            return f"/crm/v3/objects/{object_name}"
        return f"/crm/objects/{self.version}/{object_name}"


def _refresh(secrets: Mapping[str, str]) -> Call:
    form = {name: secrets[name] for name in OAUTH_SECRETS}
    return Call(
        "sign-in",
        "POST",
        "/oauth/v1/token",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode({"grant_type": "refresh_token", **form}).encode(),
    )
