"""Reads a profile's YAML, and names the place where something is wrong."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

import yaml

from crm.errors import ConfigurationError

T = TypeVar("T", bound=str)

_REQUIRED: Any = object()


class Reader:
    """One mapping of a profile; every key must be asked for, for one that isn't is a slip."""

    def __init__(self, value: Any, where: str) -> None:
        self.where = where
        if not isinstance(value, Mapping):
            self.wrong("", "must be a mapping")
        self._value = cast("Mapping[str, Any]", value)
        self._asked: set[str] = set()

    def wrong(self, key: str, what: str) -> NoReturn:
        """Raise, naming the key by its whole path."""
        raise ConfigurationError(f"{self.path(key)}: {what}")

    def path(self, key: str) -> str:
        """Give the whole path of a key."""
        return f"{self.where}.{key}" if key else self.where

    def has(self, key: str) -> bool:
        """Say whether a key is there and holds something."""
        self._asked.add(key)
        return self._value.get(key) is not None

    def names(self) -> Iterator[str]:
        """Give the names of the members, all of them asked for."""
        self._asked.update(self._value)
        return iter([str(key) for key in self._value])

    def any(self, key: str, default: Any = _REQUIRED) -> Any:
        """Give a value of any shape."""
        self._asked.add(key)
        value = self._value.get(key)
        if value is None:
            if default is _REQUIRED:
                self.wrong(key, "is missing")
            return default
        return value

    def text(self, key: str, default: str | None = _REQUIRED) -> str:
        """Give a text."""
        value = self.any(key, default)
        if value is not default and not isinstance(value, str):
            self.wrong(key, "must be text (in quotes, if it looks like a number)")
        return cast("str", value)

    def number(self, key: str, default: float | None = _REQUIRED) -> float | None:
        """Give a number above nought."""
        value = self.any(key, default)
        if value is default:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
            self.wrong(key, "must be a number above 0")
        return cast("float", value)

    def integer(self, key: str, default: int | None = _REQUIRED) -> int | None:
        """Give a whole number above nought."""
        value = self.number(key, default)
        if value is not None and not isinstance(value, int):
            self.wrong(key, "must be a whole number above 0")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Give true or false."""
        value = self.any(key, default)
        if not isinstance(value, bool):
            self.wrong(key, "must be true or false")
        return value

    def choice(self, key: str, choices: Collection[T], default: T = _REQUIRED) -> T:
        """Give one of some words."""
        value = self.any(key, default)
        if value not in choices:
            self.wrong(key, f"must be one of {', '.join(sorted(choices))}")
        return cast("T", value)

    def list(self, key: str) -> list[Any]:
        """Give a list; one value stands for a list of it, nothing for an empty one."""
        value = self.any(key, [])
        return value if isinstance(value, list) else [value]

    def mapping(self, key: str) -> Mapping[str, Any]:
        """Give a mapping as it is; nothing stands for an empty one."""
        value = self.any(key, {})
        if not isinstance(value, Mapping):
            self.wrong(key, "must be a mapping")
        return cast("Mapping[str, Any]", value)

    def section(self, key: str) -> "Reader":
        """Give a mapping to read on in; it must be there."""
        return Reader(self.any(key), self.path(key))

    def optional(self, key: str) -> "Reader":
        """Give a mapping to read on in; nothing stands for an empty one."""
        return Reader(self.any(key, {}), self.path(key))

    def done(self) -> None:
        """Say that nobody will ask for more.

        Raises:
            ConfigurationError: a key is there that means nothing.
        """
        for key in self._value:
            if key not in self._asked:
                known = ", ".join(sorted(self._asked))
                self.wrong(str(key), f"means nothing here (known are {known})")


def read_yaml(path: Path) -> Mapping[str, Any]:
    """Read a YAML file that holds a mapping."""
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: can't be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: is no valid YAML: {error}") from None
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{path}: must be a mapping")
    return value


def merged(base: Any, over: Any, *, join_lists: bool = False) -> Any:
    """Lay one YAML value over another: mappings member by member, all else replaced.

    `join_lists` appends lists instead: conditions of a query add up.
    """
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        made = dict(base)
        for key, value in over.items():
            made[key] = merged(made[key], value, join_lists=join_lists) if key in made else value
        return made
    if join_lists and isinstance(base, list) and isinstance(over, list):
        return [*base, *over]
    return over
