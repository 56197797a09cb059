"""Profiles: what is wrong is said with its place; one's own extends a shipped one."""

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from crm.connections import connect
from crm.errors import ConfigurationError, FatalError
from crm.protocol import Crm
from crm.selfbuilt.profile import SHIPPED, load_profile
from crm.selfbuilt.reader import Reader
from tests.crm.scripted import SINGLE, Script, answer, connection, writes
from tests.crm.suite import PROFILES

FULL: dict[str, Any] = {
    "label": "Ours",
    "settings": {"tenant": None, "region": "cn"},
    "auth": {"kind": "api_key", "header": "X-Key"},
    "literal": {"quote": '"', "escapes": {'"': '""'}},
    "timeouts": {"connect": 3, "read": 30},
    "read_lag": 2,
    "objects": {
        "things": {
            "times": {"format": "epoch_ms"},
            "nulls": "omit",
            "fields": {"seen_at": {"type": "datetime"}, "name": {"max_length": 9}},
            "scan": {
                "path": "/{tenant}/things",
                "items": "/items",
                "paging": {"kind": "offset", "size": 2, "params": {"from": "{offset}"}},
            },
            "find": {
                "path": "/{tenant}/things",
                "items": "/items",
                "params": {"q": "{terms}"},
                "term": "{field}={value:literal}",
                "join": " or ",
                "max_values": 10,
                "max_length": 40,
            },
            "create": {"path": "/things", "body": {"f": "{fields}", "n": "{region}"}},
        }
    },
}


def write(folder: Path, name: str, profile: Any) -> str:
    path = folder / name
    path.write_text(yaml.safe_dump(profile, allow_unicode=True), encoding="utf-8")
    return str(path)


def changed(profile: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(profile)
    place = made
    *parents, last = path.split(".")
    for each in parents:
        place = place.setdefault(each, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    return made


@pytest.fixture
def connected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Crm]:
    return lambda profile, script, **settings: connection(
        tmp_path, monkeypatch, profile, script, api_key="k", **settings
    )


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yml")), ids=lambda path: path.stem)
def test_what_is_shipped_is_valid(path: Path) -> None:
    assert load_profile(path.stem).where == path.name


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("objects", None, "p.yml.objects: is missing"),
        ("objects.things", "text", "p.yml.objects.things: must be a mapping"),
        ("objects.things.skan", {}, r"objects.things.skan: means nothing here \(known are .*scan"),
        ("objects.things.scan.path", None, "objects.things.scan.path: is missing"),
        ("objects.things.scan.path", 7, "objects.things.scan.path: must be text"),
        ("objects.things.scan.path", "/{tenantx}", "scan.path: no value is called 'tenantx'"),
        ("objects.things.scan.path", "/{tenant", "scan.path: a single brace"),
        ("objects.things.scan.items", "items", "scan.items: a pointer starts with a slash"),
        ("objects.things.scan.items", 7, "scan.items: must be a pointer"),
        ("objects.things.scan.method", "FETCH", "scan.method: must be one of DELETE, GET"),
        ("objects.things.scan.params", {"a": "{x}"}, "scan.params.a: no value is called 'x'"),
        ("objects.things.scan.paging.kind", "cursor", "scan.paging.next: is missing"),
        ("objects.things.scan.paging.kind", "keyset", "scan.paging.after: is missing"),
        ("objects.things.scan.paging.kind", "leaf", "scan.paging.kind: must be one of cursor"),
        ("objects.things.scan.paging.size", 0, "scan.paging.size: must be a number above 0"),
        ("objects.things.scan.paging.size", 1.5, "scan.paging.size: must be a whole number"),
        ("objects.things.nulls", "maybe", "things.nulls: must be one of empty, omit, send"),
        ("objects.things.times.zone", "Shanghai", "things.times.zone: is no time zone"),
        ("objects.things.create.body", {"a": ["{b}"]}, "create.body: no value is called 'b'"),
        ("objects.things.create.entry", {"a": 1}, "create.entry: is of a batch, but"),
        ("objects.things.create.repeatable", "yes", "create.repeatable: must be true or false"),
        ("objects.things.create.new_id", {"hash": "crc"}, "create.new_id.hash: must be one of"),
        ("objects.things.batch", {"path": "/b"}, "things.batch.kind: "),
        ("objects.things.describe", {"path": "/d"}, "things.describe.name: is missing"),
        ("objects.things.fields.name.lengthx", 3, "fields.name.lengthx: means nothing here"),
        ("auth.kind", "magic", "p.yml.auth.kind: must be one of api_key"),
        ("auth.passwordx", "x", "p.yml.auth.passwordx: means nothing here"),
        ("auth", {"kind": "login_token", "path": "/l"}, "p.yml.auth.pointer: is missing"),
        ("auth", {"kind": "hmac_sign"}, "p.yml.auth.text: is missing"),
        ("answers.meanings", {"busi": {}}, "answers.meanings.busi: must be one of busy"),
        ("answers.ok", {"pointer": "code"}, "answers.ok.pointer: a pointer starts"),
        ("timeouts.read", -1, "p.yml.timeouts.read: must be a number above 0"),
        ("rate.per_second", "fast", "p.yml.rate.per_second: must be a number above 0"),
        ("colour", "red", "p.yml.colour: means nothing here"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(
    tmp_path: Path, path: str, value: Any, complaint: str
) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        load_profile(write(tmp_path, "p.yml", changed(FULL, path, value)))


@pytest.mark.parametrize(
    ("text", "complaint"), [("[1]", "must be a mapping"), ("a: [", "no valid YAML")]
)
def test_what_is_no_yaml_mapping_is_said(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "p.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=complaint):
        load_profile(str(path))


def test_an_unknown_profile_names_those_that_are_shipped() -> None:
    with pytest.raises(ConfigurationError, match="shipped are pocketbase"):
        load_profile("pocketbasse")


def test_ones_own_profile_extends_member_by_member(tmp_path: Path) -> None:
    write(tmp_path, "base.yml", FULL)
    own = {
        "extends": "base.yml",
        "objects": {"things": {"scan": {"paging": {"size": 5}}, "fields": {"name": None}}},
    }
    profile = load_profile(write(tmp_path, "own.yml", own))
    rules = profile.object("things", {"tenant": "t", "region": "cn"})
    assert rules.scan is not None
    assert rules.scan.paging.size == 5
    assert rules.scan.paging.kind == "offset"
    assert rules.fields["seen_at"].type == "datetime"


def test_a_circle_of_profiles_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.yml", {"extends": "b.yml"})
    with pytest.raises(ConfigurationError, match="goes round in a circle"):
        load_profile(write(tmp_path, "b.yml", {"extends": "a.yml"}))


@pytest.mark.parametrize("missing", ["kind", "profile", "base_url", "tenant", "api_key"])
def test_a_missing_key_is_named_with_where_it_belongs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    settings = {"tenant": "t", "api_key": "k"}
    connection(tmp_path, monkeypatch, FULL, Script(), **settings)
    monkeypatch.delenv(f"CRM__SCRIPTED__{missing.upper()}")
    with pytest.raises(ConfigurationError, match=rf"crm\.scripted\.{missing} is missing") as error:
        connect("scripted")
    assert f"CRM__SCRIPTED__{missing.upper()}" in str(error.value)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"base_url": "crm.example"}, "base_url: must begin with"),
        ({"kind": "siebel"}, "kind: must be one of hubspot, selfbuilt"),
        ({"rate__per_second": "0"}, "rate.per_second: must be a number above 0"),
        ({"timeouts__read": "long"}, "timeouts.read: must be a number above 0"),
    ],
)
def test_a_setting_that_cant_be_is_named(
    connected: Callable[..., Crm], settings: dict[str, str], complaint: str
) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        connected(FULL, Script(), **({"tenant": "t"} | settings))


def test_a_connections_settings_and_conversions_go_into_its_requests(
    connected: Callable[..., Crm],
) -> None:
    script = Script(answer(200, {"id": 1}))
    crm = connected(FULL, script, tenant="t/1")
    (write_one,) = writes("create")
    fields = {"seen_at": "2026-11-22T01:02:03.123456Z", "gone": None, "name": "n"}
    given = dict(fields)
    crm.write("things", [type(write_one)("k", "create", None, fields)])
    assert fields == given
    assert script.requests[0].body == b'{"f":{"seen_at":1795309323123,"name":"n"},"n":"cn"}'
    assert crm.capabilities.read_lag == 2


def test_offsets_go_on_by_what_came(connected: Callable[..., Crm]) -> None:
    script = Script(
        answer(200, {"items": [{"id": 1}, {"id": 2}]}),
        answer(200, {"items": [{"id": 3}]}),
        answer(200, {"items": []}),
    )
    assert [len(page) for page in connected(FULL, script, tenant="t").scan("things")] == [2, 1]
    # without the server's word for its size a short page isn't the last
    assert [re.sub(r".*=", "", each.url) for each in script.requests] == ["0", "2", "3"]


def test_a_find_is_shared_out_by_number_and_by_length(connected: Callable[..., Crm]) -> None:
    script = Script(*[answer(200, {"items": []})] * 9)
    profile = changed(FULL, "objects.things.find.paging", {"kind": "none"})
    connected(profile, script, tenant="t").find("things", "name", ["a" * 12, "b" * 12, 'c"', "d"])
    asked = [each.url.partition("?q=")[2] for each in script.requests]
    assert asked == [
        f"name%3D%22{'a' * 12}%22",
        f"name%3D%22{'b' * 12}%22%20or%20name%3D%22c%22%22%22",
        "name%3D%22d%22",
    ]


def test_lists_and_mappings_are_read_as_json(connected: Callable[..., Crm]) -> None:
    item = {"id": 1, "tags": ["b", "a"], "place": {"y": 2, "x": 1}, "seen_at": 1795309323123}
    script = Script(answer(200, {"items": [item]}), answer(200, {"items": []}))
    ((record,),) = connected(FULL, script, tenant="t").scan("things")
    assert record.fields == {
        "id": 1,
        "tags": '["b","a"]',
        "place": '{"x":1,"y":2}',
        "seen_at": "2026-11-22T01:02:03.123000Z",
    }


def test_an_operation_that_the_profile_doesnt_have_is_fatal(
    connected: Callable[..., Crm],
) -> None:
    with pytest.raises(FatalError, match="knows no archive"):
        connected(SINGLE, Script()).write("things", writes("archive"))


def test_a_next_page_that_never_moves_is_an_error_and_no_endless_scan(
    connected: Callable[..., Crm],
) -> None:
    paging = {"kind": "cursor", "next": "/next", "params": {"c": "{cursor}"}}
    profile = changed(SINGLE, "objects.things.scan.paging", paging)
    page = answer(200, {"items": [{"id": 1}], "next": "same"})
    with pytest.raises(FatalError, match="same page"):
        list(connected(profile, Script(page, page, page)).scan("things"))


def test_every_key_is_in_the_reference(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, set[str]] = {}
    done = Reader.done

    def note(self: Reader) -> None:
        asked.setdefault(re.sub(r"^[^.]*\.?", "", self.where), set()).update(self._asked)
        done(self)

    monkeypatch.setattr(Reader, "done", note)
    for path in (SHIPPED / "pocketbase.yml", *PROFILES.glob("*.yml")):
        load_profile(str(path))
    text = (root / "docs" / "reference" / "crm-profile.md").read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    named = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`[^`]+`", prose))))
    missing = {f"{where}.{key}" for where, keys in asked.items() for key in keys - named}
    assert missing == set()


def test_the_examples_of_the_reference_are_profiles(root: Path, tmp_path: Path) -> None:
    text = (root / "docs" / "reference" / "crm-profile.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(# our-crm.yml\n.*?)```", text, re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        path = tmp_path / "our-crm.yml"
        path.write_text(example, encoding="utf-8")
        assert "*" in load_profile(str(path)).raw["objects"]
