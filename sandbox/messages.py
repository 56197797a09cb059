"""A request as a sandbox sees it, and what it answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl

import orjson

CONTROL = "_sandbox"
"""Below this stands what isn't the vendor's: switches, faults, a look at what is held."""

Delivery = Literal["whole", "half", "none"]
"""half: the connection is closed in the middle of the answer; none: before its first byte."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that came whole."""

    method: str
    path: str
    """Still percent-encoded."""
    query: str
    headers: Mapping[str, str]
    """Their names in lower case."""
    body: bytes

    @property
    def parameters(self) -> dict[str, str]:
        """The query's parameters; the last of those with the same name."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The body's parameters, if it is a form."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(slots=True)
class Answer:
    """An answer, and how it is to be delivered."""

    status: int
    data: Any = None
    """JSON; None is no body."""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    delivery: Delivery = "whole"

    def encoded(self) -> bytes:
        """The body's bytes."""
        return b"" if self.data is None else orjson.dumps(self.data)


App = Callable[[Request], Answer]
"""A sandbox: one request at a time."""


def segments(path: str) -> Sequence[str]:
    """The parts of a path between its slashes."""
    return path.strip("/").split("/")
