"""New ids made of our key: the same create is one record, and no other record is written over."""

from collections.abc import Callable
from hashlib import md5
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from crm.errors import RetryableError
from crm.protocol import Crm, NotWritten, Rejected, Unknown, Written
from crm.transport import Answer, Request
from tests.crm.scripted import Script, answer, connection, writes

PROFILE = {
    "answers": {"code": "/code", "field": "/field"},
    "objects": {
        "things": {
            "find": {
                "path": "/things",
                "params": {"q": "{values}"},
                "items": "/items",
                "max_values": 10,
            },
            "create": {
                "path": "/things",
                "body": {"id": "{new_id}"},
                "new_id": {"hash": "md5"},
            },
        }
    },
}
FIRST_ID = md5(b"k0", usedforsecurity=False).hexdigest()
NOTHING = answer(200, {"items": []})

Connect = Callable[[Script], Crm]


@pytest.fixture
def connected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Connect:
    return lambda script: connection(tmp_path, monkeypatch, PROFILE, script)


def held_by(key: str) -> Answer:
    """A look for ids finds the first of them: under that key."""
    return answer(200, {"items": [{"id": FIRST_ID, "external_id": key}]})


def asked(request: Request) -> list[str]:
    """The ids that were looked for."""
    [values] = parse_qs(urlsplit(request.url).query)["q"]
    ids: list[str] = orjson.loads(values)
    return ids


@pytest.mark.parametrize("refusal", [{"field": "id"}, {"field": "external_id"}, {}])
def test_an_id_that_is_another_records_gives_way(
    connected: Connect, refusal: dict[str, str]
) -> None:
    script = Script(answer(400, refusal), held_by("k9"), answer(200, {"id": "made"}))
    assert connected(script).write("things", writes("create")) == [Written("k0", "made")]
    first, look, second = script.requests
    assert orjson.loads(first.body or b"") == {"id": FIRST_ID}
    assert asked(look)[0] == FIRST_ID
    assert orjson.loads(second.body or b"") == {"id": asked(look)[1]}
    assert len(set(asked(look))) == len(asked(look))


@pytest.mark.parametrize(
    ("field", "found", "expected"),
    [
        ("id", held_by("k0"), Unknown),
        ("external_id", held_by("k0"), Unknown),
        (None, held_by("k0"), Unknown),
        # that isn't why
        ("external_id", NOTHING, Rejected),
        (None, NOTHING, Rejected),
    ],
)
def test_a_refused_create_may_be_there_already(
    connected: Connect, field: str | None, found: Answer, expected: type[Any]
) -> None:
    script = Script(answer(400, {"field": field}), found)
    [outcome] = connected(script).write("things", writes("create"))
    assert type(outcome) is expected
    assert script.answers == []


def test_what_is_wrong_with_another_field_is_no_reason_to_look(connected: Connect) -> None:
    script = Script(answer(400, {"field": "name", "code": "TOO_LONG"}))
    outcomes = connected(script).write("things", writes("create"))
    assert outcomes == [Rejected("k0", "TOO_LONG", "", "name")]


@pytest.mark.parametrize(("said", "expected"), [(answer(500), Unknown), (answer(429), NotWritten)])
def test_what_is_known_of_others_outlives_a_create_under_another_id(
    connected: Connect, said: Answer, expected: type[Any]
) -> None:
    made, refused = answer(200, {"id": "made"}), answer(400, {"field": "id"})
    script = Script(refused, made, held_by("k9"), said)
    outcomes = connected(script).write("things", writes("create", 2))
    assert outcomes == [expected("k0"), Written("k1", "made")]


def test_with_nothing_else_to_be_known_a_busy_crm_is_come_back_to(connected: Connect) -> None:
    script = Script(answer(400, {"field": "id"}), held_by("k9"), answer(429))
    with pytest.raises(RetryableError):
        connected(script).write("things", writes("create"))
