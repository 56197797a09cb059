"""The sources that the settings name, checked before anything is read.

Settings come from dlt's providers: the environment, `.dlt/secrets.toml`,
`.dlt/config.toml`, and vaults. dlt looks for `.dlt` in DLT_PROJECT_DIR, or else in
the working directory. A source is a section `[sources.<name>]`; each of its fields
may come from another provider, so that `SOURCES__ERP__CREDENTIALS` in the
environment completes a section of config.toml.
"""

import dataclasses
import difflib
import os
import re
import types
import typing
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Any, TypeVar

import dlt
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs import PluggableRunContext

from ingestion.errors import ConfigurationError

DEFAULT_PIPELINES = "var/pipelines"
DEFAULT_LEDGER = "var/ledger.sqlite"

C = TypeVar("C")

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Instance:
    """A source as the settings name it."""

    name: str
    kind: str


def pipelines_path() -> Path:
    """Where dlt keeps its working files: TONGKE_PIPELINES, or var/pipelines."""
    return Path(os.environ.get("TONGKE_PIPELINES", DEFAULT_PIPELINES))


def ledger_path() -> Path:
    """The ledger of the syncs: TONGKE_LEDGER, or var/ledger.sqlite."""
    return Path(os.environ.get("TONGKE_LEDGER", DEFAULT_LEDGER))


def settings_path() -> Path:
    """The folder whose config.toml and secrets.toml are read."""
    return Path(_run_context().settings_dir)


def reload() -> None:
    """Read the settings' files anew: dlt reads them once a process, tests write them often."""
    _run_context()
    Container()[PluggableRunContext].reload_providers()


def instances() -> list[Instance]:
    """The sources that the settings name, in order of their names.

    Raises:
        ConfigurationError: a section has no kind.
    """
    found = []
    for name in sorted({*_sections("sources"), *_names_in_environment()}):
        kind: Any = dlt.config.get(f"sources.{name}.kind")
        if not isinstance(kind, str) or not kind:
            raise ConfigurationError(
                f"[sources.{name}] says no kind: add kind = 'sql', or another, "
                f"in {settings_path() / 'config.toml'}"
            )
        if not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"[sources.{name}]: a source's name is in small letters, digits and single "
                "underscores, for its tables land in raw_<name>"
            )
        found.append(Instance(name, kind))
    return found


def settings(instance: Instance, into: type[C]) -> C:
    """An instance's settings as the dataclass of its kind.

    Raises:
        ConfigurationError: a setting is missing, unknown, or of the wrong type.
    """
    section = f"sources.{instance.name}"
    assert dataclasses.is_dataclass(into)  # noqa: S101 - the kinds' own settings are
    fields = {field.name: field for field in dataclasses.fields(into)}
    known = {*fields, "kind"}
    for key in _sections("sources").get(instance.name, {}):
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean `{close[0]}`? " if close else ""
            raise ConfigurationError(
                f"[{section}] has an unknown setting `{key}`: {hint}"
                f"A source of kind {instance.kind} knows {', '.join(sorted(known))}"
            )
    values: dict[str, Any] = {}
    hints = typing.get_type_hints(into)
    for name, field in fields.items():
        value: Any = dlt.config.get(f"{section}.{name}")
        if value is None:
            if field.default is MISSING and field.default_factory is MISSING:
                secret = " (a secret: .dlt/secrets.toml)" if not field.repr else ""
                variable = f"SOURCES__{instance.name}__{name}".upper()
                raise ConfigurationError(
                    f"[{section}] lacks `{name}`{secret}: add it in {settings_path()}, "
                    f"or set {variable}"
                )
            continue
        values[name] = checked(value, hints[name], f"[{section}] {name}", secret=not field.repr)
    for table in values.get("tables", ()):
        # dlt would land Orders as orders, and what is there would never be found again
        if not _NAME.fullmatch(table):
            raise ConfigurationError(
                f"[{section}.tables.{table}]: a raw table's name is in small letters, digits and "
                "single underscores; what it is called at its source is another setting"
            )
    return into(**values)


def checked(value: Any, hint: Any, where: str, *, secret: bool = False) -> Any:
    """A setting's value as the type that its field declares.

    Raises:
        ConfigurationError: it can't be.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:
        inner = next(a for a in arguments if a is not type(None))
        return checked(value, inner, where, secret=secret)
    if origin is tuple:
        items = [value] if isinstance(value, str) else _as(value, list, where, "a list of texts")
        return tuple(checked(item, arguments[0], where) for item in items)
    if origin is Mapping:
        table = _as(value, Mapping, where, "a table of settings")
        return {k: checked(v, arguments[1], f"{where}.{k}") for k, v in table.items()}
    if dataclasses.is_dataclass(hint):
        return _nested(value, typing.cast("type[Any]", hint), where)
    return _plain(value, hint, where, secret=secret)


def _plain(value: Any, hint: type, where: str, *, secret: bool) -> Any:
    """A text, number or truth value; numbers may come as text, from the environment."""
    if hint in (int, float) and isinstance(value, str | int) and not isinstance(value, bool):
        with suppress(ValueError):
            return hint(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        shown = "" if secret else f", not {value!r}"
        raise ConfigurationError(f"{where} has to be {_NAMES[hint]}{shown}")
    return value


def _as(value: Any, wanted: Any, where: str, words: str) -> Any:
    if not isinstance(value, wanted):
        raise ConfigurationError(f"{where} has to be {words}")
    return value


_NAMES: Mapping[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


def _nested(value: Any, into: type[Any], where: str) -> Any:
    """A table inside a section, as a dataclass."""
    table = _as(value, Mapping, where, "a table of settings")
    fields = {field.name: field for field in dataclasses.fields(into)}
    for key in table:
        if key not in fields:
            raise ConfigurationError(
                f"{where} has an unknown setting `{key}`: it knows {', '.join(sorted(fields))}"
            )
    for name, field in fields.items():
        if field.default is MISSING and field.default_factory is MISSING and name not in table:
            raise ConfigurationError(f"{where} lacks `{name}`")
    hints = typing.get_type_hints(into)
    return into(**{k: checked(v, hints[k], f"{where}.{k}") for k, v in table.items()})


def _run_context() -> Any:
    return Container()[PluggableRunContext].context


def _sections(section: str) -> dict[str, dict[str, Any]]:
    """What the files and vaults hold under a section, merged."""
    merged: dict[str, dict[str, Any]] = {}
    for provider in Container()[PluggableRunContext].providers.providers:
        value, _ = provider.get_value(section, dict, None)
        if isinstance(value, Mapping):
            for name, content in value.items():
                if isinstance(content, Mapping):
                    merged.setdefault(name, {}).update(content)
    return merged


def _names_in_environment() -> Iterator[str]:
    for variable in os.environ:
        parts = variable.split("__")
        if len(parts) == 3 and parts[0] == "SOURCES" and parts[2] == "KIND":
            yield parts[1].lower()
