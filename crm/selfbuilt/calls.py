"""Requests as a profile describes them: templates of a path, parameters, headers and a body."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from crm.selfbuilt.reader import Reader, merged
from crm.template import Compiler, Template, TextTemplate, Values
from crm.transport import Call

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class CallTemplate:
    """A request with places for values."""

    what: str
    method: str
    path: TextTemplate
    parameters: Mapping[str, TextTemplate]
    headers: Mapping[str, TextTemplate]
    body: Template | None
    is_form: bool = False

    def make(self, values: Values, headers: Mapping[str, str] | None = None) -> Call:
        """Put the values in."""
        sent = {name: make(values) for name, make in self.headers.items()}
        if headers:
            sent.update(headers)
        body = None
        if self.body is not None:
            content = self.body(values)
            if self.is_form:
                body = urlencode(content, quote_via=quote).encode()
                sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
            else:
                body = orjson.dumps(content)
                sent.setdefault("Content-Type", "application/json")
        return Call(
            what=self.what,
            method=self.method,
            path=self.path(values),
            parameters={name: make(values) for name, make in self.parameters.items()},
            headers=sent,
            body=body,
        )


def compile_call(
    reader: Reader,
    compiler: Compiler,
    what: str,
    *overlays: Mapping[str, Any],
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
) -> CallTemplate:
    """Read a request; overlays add parameters and members of the body."""
    parameters = dict(reader.mapping("params"))
    body = reader.any("body", None)
    for overlay in overlays:
        parameters.update(overlay.get("params", {}))
        if overlay.get("body") is not None:
            body = merged(body, overlay["body"], join_lists=True)
    return CallTemplate(
        what=what,
        method=reader.choice("method", METHODS, method),
        path=compile_part(reader, "path", lambda: compiler.text(reader.text("path"), way="path")),
        parameters=compile_texts(reader, "params", parameters, compiler),
        headers=compile_texts(
            reader, "headers", {**(headers or {}), **reader.mapping("headers")}, compiler
        ),
        body=compile_part(reader, "body", lambda: compiler.structure(body))
        if body is not None
        else None,
        is_form=reader.flag("form", default=False),
    )


def compile_part(reader: Reader, key: str, make: Callable[[], Any]) -> Any:
    """Compile something; say where it stands if it is wrong."""
    try:
        return make()
    except ValueError as error:
        reader.wrong(key, str(error))


def compile_texts(
    reader: Reader,
    key: str,
    templates: Mapping[str, Any],
    compiler: Compiler,
    *,
    way: str = "text",
) -> dict[str, TextTemplate]:
    """Compile headers or parameters; one that is nothing was taken away by an extending profile."""
    made: dict[str, TextTemplate] = {}
    for name, template in templates.items():
        if template is None:
            continue
        text = template if isinstance(template, str) else str(template)
        made[name] = compile_part(reader, f"{key}.{name}", partial(compiler.text, text, way=way))
    return made
