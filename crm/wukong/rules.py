"""What 悟空's answers mean, how it is signed in to, and what a connection says of its server.

From the source of its server, version 11, as published; 9.0 (PHP or Java) is another system.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from crm.answers import AnswerRules, Meanings, Predicate
from crm.errors import ConfigurationError
from crm.pointer import compile_pointer
from crm.quota import Rate
from crm.sign_in import SignInRules, TokenRules
from crm.transport import Call

SECRETS = ("username", "password")

RATE = Rate(in_flight=4)
"""No rate is published; 403 says that it is enough."""

READ_LAG = 5.0
"""Seconds after which we take it that a search sees a write; no number is published."""

MOST_IN_PAGE = 100
MOST_AT_ONCE = 10_000
"""Rows that a search shows at all."""

LIFETIME = 7 * 86_400.0
"""Seconds that a token counts."""

CLIENTS: Mapping[str, int] = {"pc": 1, "mobile": 2}
"""A user has one session of each; a new one ends the old one of its kind."""

GONE = frozenset({"2004", "2064"})
"""The record has been deleted."""
TAKEN = frozenset({"2010", "2038", "2079"})
"""Another record has this value of a unique field; which field isn't said by a member."""

_OK = Predicate(compile_pointer("/code"), (0,))
_CODE = compile_pointer("/code")
_MESSAGE = compile_pointer("/msg")

ANSWERS = AnswerRules(
    meanings=Meanings(
        codes={
            "302": "sign_in",
            # the gateway says it to those it doesn't know, and to those who mustn't
            "401": "sign_in",
            "403": "busy",  # too frequent
            "404": "forbidden",  # no such address: no record is meant
            "405": "forbidden",
            "408": "unsure",
            "500": "unsure",
            "1001": "unsure",  # one of its services didn't answer another
            **dict.fromkeys(GONE, "gone"),
        }
    ),
    ok=_OK,
    code=_CODE,
    message=_MESSAGE,
)

SIGN_IN_ANSWERS = AnswerRules(
    # whatever else it says is a refusal: the third wrong password locks the user
    meanings=Meanings(codes={"403": "busy"}),
    ok=_OK,
    code=_CODE,
    message=_MESSAGE,
)


def sign_in(client: str) -> SignInRules:
    """Sign in as a user of the CRM; `client` is a key of `CLIENTS`."""

    def call(secrets: Mapping[str, str]) -> Call:
        said = {name: secrets[name] for name in SECRETS}
        body = orjson.dumps({**said, "loginType": 1, "type": CLIENTS[client]})
        headers = {"Content-Type": "application/json"}
        return Call("sign-in", "POST", "/login", headers=headers, body=body)

    return SignInRules(
        headers={"Admin-Token": lambda values: values["token"]},
        token=TokenRules(call=call, pointer=compile_pointer("/data/adminToken"), lifetime=LIFETIME),
    )


@dataclass(frozen=True, slots=True)
class Options:
    """What a connection says of its server."""

    zone: str = "Asia/Shanghai"
    """The server's; its times name none."""
    is_update_whole: bool = True
    """Whether an update carries the whole record, or only what changes."""
    values_per_search: int = 1
    """How many values of a field one search takes for `is one of them`."""
    page_size: int = MOST_IN_PAGE
    read_lag: float = READ_LAG
    in_flight: int = 4

    def __post_init__(self) -> None:
        """Refuse what can't be.

        Raises:
            ConfigurationError: there is no such zone, or a page is too large.
        """
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ConfigurationError(f"there is no time zone {self.zone}") from None
        if self.page_size > MOST_IN_PAGE:
            raise ConfigurationError(f"a page of 悟空 holds at most {MOST_IN_PAGE} records")
