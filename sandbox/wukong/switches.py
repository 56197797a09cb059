"""What nobody is sure of in 悟空's server, as switches; each default is our guess, not a fact.

Where two guesses are as good, the default is the one that is harder on a client.
"""

from dataclasses import dataclass
from typing import Literal

from sandbox.switches import Switchable


@dataclass(slots=True)
class Switches(Switchable):
    """How the sandbox behaves where nobody is sure how 悟空 does."""

    index_lag: float = 3.0
    """Seconds after which a search sees a write."""
    unique_sees: Literal["database", "index"] = "database"
    """What a new unique value is compared with: what is there, or what a search sees of it."""
    update_replaces: bool = True
    """An update forgets the fields that it isn't given; without, it keeps them."""
    null_keeps: bool = True
    """A null of an update leaves what is there; without, it clears it."""
    is_takes_many: bool = False
    """A search for `is` takes all its values; without, only the first."""
    missing_is_empty: bool = True
    """Reading what isn't there by its id gives no data; without, the code 2004."""
    deleting_nothing_is_ok: bool = True
    """Deleting what isn't there says 0; without, the code 2004."""
    gateway_refuses_strangers: bool = False
    """Who isn't signed in is told 401 by HTTP and code; without, 302 in a 200."""
    messages_name_fields: bool = True
    """A refusal's words hold the label of the field that it is about."""
    wrong_password_code: int = 500
    """What a sign-in that fails says."""
    locked_for: float = 150.0
    """Seconds for which the third wrong password locks the user."""
    token_lifetime: float = 604_800.0
    """Seconds that a token counts."""
    per_second: int = 0
    """Requests that any second may hold, before 403; 0 is any number."""
    illegal: str = ""
    """Characters that no value may hold, before 2031."""
    time_zone: str = "Asia/Shanghai"
    """The server's, in which all times are said."""
    latency: float = 0.0
    """Seconds that every answer takes."""
