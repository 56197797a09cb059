"""A CRM's profile: its YAML read, checked and compiled.

What the keys mean is documented in docs/reference/crm-profile.md; a test holds
that page against this file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from crm.answers import MEANINGS, AnswerRules, Meaning, Meanings
from crm.errors import ConfigurationError
from crm.protocol import LengthUnit
from crm.quota import Rate
from crm.selfbuilt.auth import read_auth
from crm.selfbuilt.calls import CallTemplate
from crm.selfbuilt.objects import ObjectReader
from crm.selfbuilt.pointers import read_pointer, read_predicate
from crm.selfbuilt.reader import Reader, merged, read_yaml
from crm.selfbuilt.rules import ObjectRules
from crm.sign_in import SignInRules
from crm.template import Way, as_text, literal_way

SHIPPED = Path(__file__).parents[1] / "profiles"

ANY_OBJECT = "*"


@dataclass(frozen=True, slots=True)
class Profile:
    """A CRM's protocol, read and checked."""

    where: str
    answers: AnswerRules
    sign_in: SignInRules
    check_call: CallTemplate | None
    secrets: tuple[str, ...]
    """What a connection must give to sign in."""
    settings: Mapping[str, str | None]
    """What a connection may give (with what it is otherwise) or must (None)."""
    rate: Rate
    connect_timeout: float
    read_timeout: float
    read_lag: float
    length_unit: LengthUnit
    idempotency_header: str | None
    literal: Way
    raw: Mapping[str, Any] = field(repr=False)

    def object(self, name: str, settings: Mapping[str, str]) -> ObjectRules:
        """Compile what the profile says of an object.

        Raises:
            ConfigurationError: it says nothing of it, or something that can't be.
        """
        objects = Reader(self.raw["objects"], f"{self.where}.objects")
        if not objects.has(name) and not objects.has(ANY_OBJECT):
            known = ", ".join(self.object_names())
            raise ConfigurationError(f"{objects.where}: has no object {name!r} (it has {known})")
        raw = merged(objects.mapping(ANY_OBJECT), objects.mapping(name))
        where = objects.path(name if objects.has(name) else ANY_OBJECT)
        return ObjectReader(Reader(raw, where), name, settings, self.literal).read()

    def object_names(self) -> list[str]:
        """Give the objects that have a name of their own."""
        return [name for name in self.raw.get("objects", {}) if name != ANY_OBJECT]


def load_profile(name: str) -> Profile:
    """Load a profile by the name of one that is shipped, or by the path of one's own."""
    path = _find(name, Path())
    reader = Reader(_extended(path, ()), path.name)
    profile = _read_profile(reader)
    settings = {key: value or key for key, value in profile.settings.items()}
    # whatever is wrong with an object is said now, not in the middle of a sync
    for each in profile.raw.get("objects", {}):
        profile.object("object" if each == ANY_OBJECT else each, settings)
    return profile


def _find(name: str, beside: Path) -> Path:
    is_path = name.endswith((".yml", ".yaml"))
    path = beside / name if is_path else SHIPPED / f"{name}.yml"
    if not path.is_file():
        shipped = ", ".join(sorted(each.stem for each in SHIPPED.glob("*.yml")))
        raise ConfigurationError(
            f"there is no profile {name!r}: shipped are {shipped}; "
            "one's own is named by its path, ending in .yml"
        )
    return path


def _extended(path: Path, seen: tuple[Path, ...]) -> Mapping[str, Any]:
    """Lay a profile over the one it extends."""
    if path in seen:
        raise ConfigurationError(f"{path}.extends: goes round in a circle")
    raw = dict(read_yaml(path))
    base = raw.pop("extends", None)
    if base is None:
        return raw
    if not isinstance(base, str):
        raise ConfigurationError(f"{path.name}.extends: must be text")
    beneath = _extended(_find(base, path.parent), (*seen, path))
    return cast("Mapping[str, Any]", merged(beneath, raw))


def _read_profile(reader: Reader) -> Profile:
    reader.any("label", None)
    settings = {
        name: None if value is None else as_text(value)
        for name, value in reader.mapping("settings").items()
    }
    auth = reader.optional("auth")
    secrets, sign_in, check_call = read_auth(auth, settings)
    timeouts = reader.optional("timeouts")
    connect, read = timeouts.number("connect", 10.0), timeouts.number("read", 60.0)
    timeouts.done()
    idempotency = reader.optional("idempotency")
    header = idempotency.text("header", "")
    idempotency.done()
    reader.section("objects")
    literal = reader.optional("literal")
    way = literal_way(literal.text("quote", "'"), literal.mapping("escapes"))
    literal.done()
    profile = Profile(
        where=reader.where,
        answers=_read_answers(reader.optional("answers")),
        sign_in=sign_in,
        check_call=check_call,
        secrets=secrets,
        settings=settings,
        rate=read_rate(reader.optional("rate")),
        connect_timeout=connect or 10.0,
        read_timeout=read or 60.0,
        read_lag=reader.number("read_lag", None) or 0.0,
        length_unit=reader.choice("length_unit", ("characters", "utf16", "bytes"), "characters"),
        idempotency_header=header or None,
        literal=way,
        raw={"objects": reader.any("objects")},
    )
    reader.done()
    return profile


def read_rate(reader: Reader) -> Rate:
    """Read how fast the CRM may be asked."""
    rate = Rate(
        per_second=reader.number("per_second", None),
        burst=reader.integer("burst", 1) or 1,
        per_day=reader.integer("per_day", None),
        in_flight=reader.integer("in_flight", 4) or 4,
    )
    reader.done()
    return rate


def _read_answers(reader: Reader) -> AnswerRules:
    meanings = reader.optional("meanings")
    statuses: dict[int, Meaning] = {}
    codes: dict[str, Meaning] = {}
    for meaning in meanings.names():
        if meaning not in MEANINGS:
            meanings.wrong(meaning, f"must be one of {', '.join(sorted(MEANINGS))}")
        means = meanings.section(meaning)
        statuses.update((status, meaning) for status in means.list("statuses"))  # type: ignore[misc]
        codes.update((str(code), meaning) for code in means.list("codes"))  # type: ignore[misc]
        means.done()
    request_id = reader.optional("request_id")
    rules = AnswerRules(
        meanings=Meanings(statuses, codes),
        ok=read_predicate(reader, "ok"),
        code=read_pointer(reader, "code"),
        message=read_pointer(reader, "message"),
        field_name=read_pointer(reader, "field"),
        request_id=read_pointer(request_id, "pointer"),
        request_id_header=request_id.text("header", "") or None,
    )
    request_id.done()
    reader.done()
    return rules
