"""The small template language of profiles.

`{name}` stands for a value. Where it is the whole text, the value goes in as it is
(a mapping stays a mapping, a number a number); inside a longer text it goes in as
text. `{name:way}` says how it is written:

    path      percent-encoded for a URL path; the default in paths
    literal   quoted as the profile's `literal` says, for the CRM's filter language
    json      as JSON text
    text      as it is; the default elsewhere

`{{` and `}}` are braces. In a mapping the key `...` stands for the members of the
mapping it is given: `{id: "{new_id}", ...: "{fields}"}`.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import quote

Values = Mapping[str, Any]
Template = Callable[[Values], Any]
TextTemplate = Callable[[Values], str]
Way = Callable[[Any], str]

SPREAD = "..."
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)(?::([a-z]+))?\}|[{}]")


class UnusableValueError(ValueError):
    """A value can't stand where the template wants it; carries no value."""


def as_text(value: Any) -> str:
    """Write a value as JSON would, but text without its quotes."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return as_json(value)
    return str(value)


def as_json(value: Any) -> str:
    """Write a value as JSON text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def as_path(value: Any) -> str:
    """Percent-encode a value that becomes one segment of a path.

    An empty segment or one of dots would make the address that of something else:
    DELETE /companies/.. is no deletion of a company. No encoding saves it, since
    clients and servers decode dots again.
    """
    text = as_text(value)
    if text in {"", ".", ".."}:
        raise UnusableValueError("a value that is empty or only dots can't be part of an address")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise UnusableValueError("a value isn't valid Unicode text") from None


def literal_way(quote_mark: str, escapes: Mapping[str, str]) -> Way:
    """Make the way in which the CRM's filter language writes a text."""
    table = str.maketrans(dict(escapes))
    return lambda value: f"{quote_mark}{as_text(value).translate(table)}{quote_mark}"


class Compiler:
    """Turns templates into functions; knows which names there are and how values are written."""

    def __init__(
        self, known: Collection[str], literal: Way, fixed: Mapping[str, str] | None = None
    ) -> None:
        self._fixed = dict(fixed or {})
        self._known = frozenset(known) | frozenset(self._fixed)
        self._ways: dict[str, Way] = {
            "path": as_path,
            "literal": literal,
            "json": as_json,
            "text": as_text,
        }

    def text(self, template: str, *, way: str = "text") -> TextTemplate:
        """Compile a template whose outcome is text; placeholders without a way take `way`."""
        parts = self._filled(self._parts(template), way)
        if len(parts) == 1 and isinstance(parts[0], str):
            constant = parts[0]
            return lambda _values: constant
        pieces = [
            part if isinstance(part, str) else (part[0], self._ways[part[1] or way])
            for part in parts
        ]

        def render(values: Values) -> str:
            return "".join(
                [
                    piece if isinstance(piece, str) else piece[1](values[piece[0]])
                    for piece in pieces
                ]
            )

        return render

    def structure(self, template: Any) -> Template:
        """Compile a template of any JSON shape."""
        if isinstance(template, str):
            parts = self._parts(template)
            if len(parts) == 1 and isinstance(parts[0], tuple) and parts[0][1] is None:
                name = parts[0][0]
                if name not in self._fixed:
                    return lambda values: values[name]
            return self.text(template)
        if isinstance(template, Mapping):
            return self._mapping(template)
        if isinstance(template, list):
            items = [self.structure(item) for item in template]
            return lambda values: [item(values) for item in items]
        return lambda _values: template

    def _mapping(self, template: Mapping[str, Any]) -> Template:
        members = [(key, self.structure(value)) for key, value in template.items()]
        if SPREAD not in template:
            return lambda values: {key: member(values) for key, member in members}

        def render(values: Values) -> dict[str, Any]:
            made: dict[str, Any] = {}
            for key, member in members:
                if key == SPREAD:
                    made.update(member(values))
                else:
                    made[key] = member(values)
            return made

        return render

    def _filled(
        self, parts: list[str | tuple[str, str | None]], way: str
    ) -> list[str | tuple[str, str | None]]:
        """Put in what is the same every time, so that it costs nothing later."""
        made: list[str | tuple[str, str | None]] = []
        for part in parts:
            if isinstance(part, tuple) and part[0] in self._fixed:
                text = self._ways[part[1] or way](self._fixed[part[0]])
            elif isinstance(part, tuple):
                made.append(part)
                continue
            else:
                text = part
            if made and isinstance(made[-1], str):
                made[-1] += text
            else:
                made.append(text)
        return made

    def _parts(self, template: str) -> list[str | tuple[str, str | None]]:
        parts: list[str | tuple[str, str | None]] = []
        text, end = "", 0
        for match in _PLACEHOLDER.finditer(template):
            text += template[end : match.start()]
            end = match.end()
            if match[0] in {"{{", "}}"}:
                text += match[0][0]
                continue
            if match[1] is None:
                raise ValueError("a single brace: write {{ or }} for one, or {name} for a value")
            self._check(match[1], match[2])
            if text:
                parts.append(text)
            parts.append((match[1], match[2]))
            text = ""
        text += template[end:]
        if text or not parts:
            parts.append(text)
        return parts

    def _check(self, name: str, way: str | None) -> None:
        if name not in self._known:
            raise ValueError(f"no value is called {name!r} here (there are: {_names(self._known)})")
        if way is not None and way not in self._ways:
            raise ValueError(
                f"no way of writing is called {way!r} (there are: {_names(self._ways)})"
            )


def placeholders(template: Any) -> list[str]:
    """The names a template of any shape asks for, each once, in order."""
    found: dict[str, None] = {}
    if isinstance(template, str):
        found.update((m[1], None) for m in _PLACEHOLDER.finditer(template) if m[1])
    elif isinstance(template, Mapping):
        for value in template.values():
            found.update(dict.fromkeys(placeholders(value)))
    elif isinstance(template, list):
        for value in template:
            found.update(dict.fromkeys(placeholders(value)))
    return list(found)


def _names(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "none"
