"""The mapping table as people get it, and its signature."""

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from worlds import MemoryCrm, TestWorld, make_sync, person

from crm.errors import RetryableError
from crm.protocol import Field
from reverse_etl import cli
from reverse_etl.manifest import read_syncs
from reverse_etl.mapping import cli as mapping_cli
from reverse_etl.mapping import signatures
from reverse_etl.mapping.origin import Origin
from reverse_etl.syncs import Sync

DESCRIBED = (
    Field("external_id", "External id", "text", required=True, unique=True),
    Field("mobile", "Mobile phone", "text", max_length=30, source="crm"),
    Field("level", "Level", "select", options=("A", "B")),
    Field("stage", "Stage", "select", options=("new", "lost"), required=True),
)


def make_manifest() -> dict[str, Any]:
    """A compiled project with one sync."""
    columns = {
        "person_id": ("varchar", "Our id.", {"field": "external_id"}),
        "mobile": (
            "varchar",
            "Mobile in E.164;\n  null if none is valid.",
            {
                "field": "mobile",
                "max_length": 20,
                "pii": "phone",
                "label_zh": "手机",
                "rule_zh": "E.164 格式的手机号；没有有效号码则为空。",
            },
        ),
        "level": ("varchar", "|A or B|", {"field": "level", "owner": "fill_empty"}),
        "score": ("bigint", "What it scores.", {"field": "score", "source": "the score service"}),
    }
    model = {
        "unique_id": "model.tongke.sync_people",
        "name": "sync_people",
        "resource_type": "model",
        "schema": "activation",
        "alias": "sync_people",
        "relation_name": '"warehouse"."activation"."sync_people"',
        "description": "Those who\nagreed.",
        "compiled_code": (
            "select id as person_id, phone as mobile, 'A' as level from raw_erp.people"
        ),
        "columns": {
            **{
                name: {"data_type": type_, "description": text, "config": {"meta": meta}}
                for name, (type_, text, meta) in columns.items()
            },
            "fingerprint": {},
        },
    }
    tests = {
        f"test.{name}.{column}": {
            "resource_type": "test",
            "name": name,
            "attached_node": model["unique_id"],
            "column_name": column,
            "test_metadata": {"name": name, "kwargs": {"column_name": column, **arguments}},
        }
        for name, column, arguments in (
            ("not_null", "person_id", {"model": "{{ get_where_subquery(ref('sync_people')) }}"}),
            ("relationships", "person_id", {"to": "ref('dim_people')", "field": "person_id"}),
            ("accepted_values", "level", {"values": ["A", "B"]}),
            ("as_it_should_be", "level", {"how": "well"}),
        )
    }
    source = {
        "resource_type": "source",
        "source_name": "erp",
        "name": "people",
        "identifier": "people",
        "schema": "raw_erp",
        "relation_name": '"warehouse"."raw_erp"."people"',
        "columns": {},
    }
    sync = {"destination": "crm", "object": "contacts", "key": "person_id", "match": [["mobile"]]}
    exposure = {
        "name": "people",
        "depends_on": {"nodes": [model["unique_id"]]},
        "config": {"meta": {"sync": sync}},
    }
    return {
        "nodes": {model["unique_id"]: model, **tests},
        "sources": {"source.tongke.erp.people": source},
        "exposures": {"exposure.tongke.people": exposure},
    }


class Project:
    """A folder with dbt's manifest, in which `reverse-etl` is run."""

    def __init__(self, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._patch, self._capsys = patch, capsys
        self.manifest = make_manifest()
        self.lock = Path("mapping.lock.json")

    @property
    def model(self) -> dict[str, Any]:
        model: dict[str, Any] = self.manifest["nodes"]["model.tongke.sync_people"]
        return model

    @property
    def settings(self) -> dict[str, Any]:
        meta: dict[str, Any] = self.manifest["exposures"]["exposure.tongke.people"]["config"][
            "meta"
        ]
        return meta["sync"]  # type: ignore[no-any-return]  # JSON

    def meta(self, column: str) -> dict[str, Any]:
        meta: dict[str, Any] = self.model["columns"][column]["config"]["meta"]
        return meta

    def run(self, *words: str) -> tuple[int, str, str]:
        """The exit code, what is printed, what is complained."""
        Path("target").mkdir(exist_ok=True)
        Path("target/manifest.json").write_text(json.dumps(self.manifest), encoding="utf-8")
        self._patch.setattr("sys.argv", ["reverse-etl", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = self._capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else int(code is not None)), printed.out, printed.err

    def fields(self, *words: str) -> dict[str, dict[str, str]]:
        """The rows of the table, by the CRM's field."""
        _, out, _ = self.run("mapping", "--format", "json", *words)
        return {row["field"]: row for row in json.loads(out)[0]["fields"]}

    def about(self, *words: str) -> dict[str, str]:
        _, out, _ = self.run("mapping", "--format", "json", *words)
        about: dict[str, str] = json.loads(out)[0]["about"]
        return about

    def changes(self) -> list[tuple[Any, ...]]:
        code, out, _ = self.run("mapping", "--diff", "--format", "json")
        assert code == 0
        checked, _, _ = self.run("mapping", "--check")
        found = [tuple(change.values()) for change in json.loads(out)]
        assert checked == (4 if found else 0)
        return found


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Project:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DBT_TARGET_PATH", raising=False)
    monkeypatch.setattr(mapping_cli, "connect", lambda _name: MemoryCrm(described=DESCRIBED))
    return Project(monkeypatch, capsys)


def test_a_row_has_both_sides_of_a_field(project: Project) -> None:
    assert project.fields()["mobile"] == {
        "field": "mobile",
        "label": "Mobile phone",
        "type": "text",
        "length": "30",
        "required": "",
        "options": "",
        "described_by": "the CRM",
        "owner": "warehouse: we write it",
        "column": "sync_people.mobile",
        "sources": "erp.people: phone",
        "rule": "Mobile in E.164; null if none is valid.",
        "default": "",
        "links_to": "",
        "personal_data": "phone",
        "tests": "",
    }


def test_the_crm_says_what_is_required_and_what_can_be_chosen(project: Project) -> None:
    fields = project.fields()
    assert list(fields) == ["external_id", "mobile", "level", "score", "stage"]
    assert fields["external_id"]["required"] == "yes"
    assert fields["level"]["options"] == "A, B"
    stage = fields["stage"]
    assert (stage["required"], stage["column"], stage["rule"]) == (
        "yes",
        "",
        "the CRM's own; left alone",
    )


def test_what_the_crm_cannot_say_the_sync_does(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_name: str) -> MemoryCrm:
        raise RetryableError("it is down")

    monkeypatch.setattr(mapping_cli, "connect", refuse)
    fields = project.fields()
    assert {row["described_by"] for row in fields.values()} == {"the sync's model"}
    assert fields["external_id"]["required"] == "yes"
    assert fields["mobile"]["length"] == "20"
    assert fields["level"]["options"] == "A, B"
    assert fields["score"]["type"] == "whole number"
    _, _, complaint = project.run("mapping")
    assert "it is down" in complaint


def test_a_source_that_is_stated_goes_before_what_the_sql_says(project: Project) -> None:
    assert project.fields()["score"]["sources"] == "the score service (stated)"


def test_a_column_without_a_source_says_why(project: Project) -> None:
    del project.meta("score")["source"]
    fields = project.fields()
    assert fields["level"]["sources"] == "computed: no column of a source"
    assert fields["score"]["sources"] == "not to be read from the SQL beyond sync_people.score"
    project.model["compiled_code"] = None
    assert "dbt compile" in project.fields()["mobile"]["sources"]


def test_tests_are_said_in_words(project: Project) -> None:
    fields = project.fields()
    assert fields["external_id"]["tests"] == "never null; is a person_id of dim_people"
    assert fields["level"]["tests"] == "one of: A, B; as it should be (how: well)"


def test_chinese_has_its_own_words_where_the_project_has_them(project: Project) -> None:
    fields = project.fields("--lang", "zh")
    mobile = fields["mobile"]
    assert (mobile["label"], mobile["rule"], mobile["personal_data"], mobile["type"]) == (
        "手机",
        "E.164 格式的手机号；没有有效号码则为空。",
        "电话",
        "文本",
    )
    # else the CRM's label, and the words there are
    assert (fields["level"]["label"], fields["level"]["rule"]) == ("Level", "|A or B|")
    assert project.about("--lang", "zh")["同步范围"] == "Those who agreed."
    project.model["config"] = {"meta": {"records_zh": "同意的人。"}}
    assert project.about("--lang", "zh")["同步范围"] == "同意的人。"
    assert project.about()["records"] == "Those who agreed."
    assert "以谁为准" in project.run("mapping", "--lang", "zh")[1]


def test_the_workbook_has_the_table_of_each_sync(project: Project) -> None:
    code, out, _ = project.run("mapping", "--lang", "zh", "--out", "out/mapping.xlsx")
    assert (code, out) == (0, "5 fields written to out/mapping.xlsx\n")
    [page] = load_workbook("out/mapping.xlsx").worksheets
    cells = [[cell.value for cell in row] for row in page.iter_rows()]
    top = next(number for number, row in enumerate(cells) if row[0] == "CRM 字段")
    assert [row[0] for row in cells[top + 1 :]] == list(project.fields())
    assert ["映射校验码", project.about()["hash"]] in [row[:2] for row in cells[:top]]


def test_what_a_crm_calls_a_field_is_never_a_formula(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = Field("evil", "=1+1<b>", "text")
    monkeypatch.setattr(mapping_cli, "connect", lambda _name: MemoryCrm(described=(evil,)))
    project.run("mapping", "--out", "mapping.xlsx")
    [page] = load_workbook("mapping.xlsx").worksheets
    [cell] = [cell for row in page.iter_rows() for cell in row if cell.value == "=1+1<b>"]
    assert cell.data_type == "s"
    project.run("mapping", "--out", "mapping.html")
    assert "=1+1&lt;b&gt;" in Path("mapping.html").read_text(encoding="utf-8")


def test_the_other_forms_have_every_field(project: Project) -> None:
    for name in ("mapping.html", "mapping.md", "mapping.csv"):
        assert project.run("mapping", "--out", name)[0] == 0
        text = Path(name).read_text(encoding="utf-8")
        assert all(field in text for field in project.fields())
    assert "\\|A or B\\|" in Path("mapping.md").read_text(encoding="utf-8")
    with Path("mapping.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["CRM field"] for row in csv.DictReader(file)] == list(project.fields())
    code, _, complaint = project.run("mapping", "--out", "mapping.pdf")
    assert (code, ".html" in complaint) == (2, True)


# signing


def test_what_was_never_signed_is_no_signed_mapping(project: Project) -> None:
    hash_ = project.about()["hash"]
    assert project.changes() == [("people", None, "signature", None, hash_)]
    assert project.about()["signature"] == "not signed"


def test_a_signature_holds_until_something_changes(project: Project) -> None:
    assert project.run("mapping", "--sign", "--by", "李华")[0] == 0
    assert project.changes() == []
    assert project.about()["signature"].startswith("signed by 李华 on 20")
    project.meta("mobile")["owner"] = "fill_empty"
    project.model["description"] = "Everybody."
    assert project.changes() == [
        ("people", None, "records", "Those who agreed.", "Everybody."),
        ("people", "mobile", "owner", "warehouse", "fill_empty"),
    ]
    assert "changed since" in project.about()["signature"]
    project.run("mapping", "--sign", "--by", "王芳")
    assert project.changes() == []


def test_fields_that_come_and_go_are_changes(project: Project) -> None:
    project.run("mapping", "--sign", "--by", "李华")
    project.meta("level")["field"] = "grade"
    assert project.changes() == [
        ("people", "grade", "field", None, "level"),
        ("people", "level", "field", "level", None),
    ]


def test_another_source_is_a_change(project: Project) -> None:
    project.run("mapping", "--sign", "--by", "李华")
    before = project.about()["hash"]
    project.model["compiled_code"] = project.model["compiled_code"].replace("phone", "fax")
    assert project.changes() == [
        ("people", "mobile", "sources", ["erp.people.phone"], ["erp.people.fax"])
    ]
    # an apply looks at no SQL, so its hash can't depend on it
    assert project.about()["hash"] == before
    # nor can what isn't compiled be compared
    project.model["compiled_code"] = None
    assert project.changes() == []


def test_what_changed_is_said_in_words(project: Project) -> None:
    project.run("mapping", "--sign", "--by", "李华")
    project.meta("mobile")["pii"] = "name"
    del project.manifest["nodes"]["test.accepted_values.level"]
    _, out, _ = project.run("mapping", "--diff", "--lang", "zh")
    assert "个人信息" in out
    assert "accepted_values (values: A, B)" in out


def test_what_is_signed_as_it_stands_keeps_its_signature(project: Project) -> None:
    project.run("mapping", "--sign", "--by", "李华")
    before = project.lock.read_bytes()
    assert project.run("mapping", "--sign", "--by", "王芳")[0] == 0
    assert project.lock.read_bytes() == before


def test_a_signature_of_a_sync_that_is_gone_goes(project: Project) -> None:
    project.run("mapping", "--sign", "--by", "李华")
    project.manifest["exposures"]["exposure.tongke.people"]["name"] = "persons"
    project.run("mapping", "--sign", "--by", "李华")
    assert list(json.loads(project.lock.read_text(encoding="utf-8"))["syncs"]) == ["persons"]


def test_nobody_signs_what_cannot_be_shown(project: Project) -> None:
    project.model["compiled_code"] = None
    code, _, complaint = project.run("mapping", "--sign", "--by", "李华")
    assert (code, "dbt compile" in complaint, project.lock.exists()) == (2, True, False)


@pytest.mark.parametrize(
    "words", [["--sign"], ["--by", "李华"], ["--sign", "--by", "李华", "--check"]]
)
def test_signing_says_who_and_does_nothing_else(project: Project, words: list[str]) -> None:
    assert project.run("mapping", *words)[0] == 2
    assert not project.lock.exists()


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("Our id.", "Their id."),
        lambda text: text.replace('"version": 1', '"version": 2'),
        lambda text: text + "<<<<<<<",
        lambda _text: "[]",
    ],
)
def test_a_signature_that_was_edited_is_none(project: Project, edit: Callable[[str], str]) -> None:
    project.run("mapping", "--sign", "--by", "李华")
    project.lock.write_text(edit(project.lock.read_text(encoding="utf-8")), encoding="utf-8")
    assert project.run("mapping", "--check")[0] == 2


# the hash, and what asks for it


def hash_of(manifest: dict[str, Any]) -> str:
    return read_syncs(manifest)["people"].mapping_hash


def shuffled(value: Any, rng: random.Random) -> Any:
    """The same with its members in another order."""
    if not isinstance(value, dict):
        return value
    names = list(value)
    rng.shuffle(names)
    return {name: shuffled(value[name], rng) for name in names}


@given(st.randoms(use_true_random=False))
def test_the_hash_is_the_same_in_any_order(rng: random.Random) -> None:
    assert hash_of(shuffled(make_manifest(), rng)) == hash_of(make_manifest())


def test_the_hash_is_the_same_on_any_machine() -> None:
    assert hash_of(make_manifest()) == "27451e8ee66978ae"


def test_line_breaks_and_what_is_no_mapping_leave_the_hash_alone() -> None:
    manifest = make_manifest()
    model = manifest["nodes"]["model.tongke.sync_people"]
    model["description"] = "Those who agreed."
    model["columns"]["mobile"]["description"] = "Mobile in E.164;\r\nnull if none is valid."
    model["config"] = {"created_at": 17}
    sync = manifest["exposures"]["exposure.tongke.people"]["config"]["meta"]["sync"]
    sync |= {"guard": {"min_rows": 17}, "signed": True}
    assert hash_of(manifest) == hash_of(make_manifest())


@pytest.mark.parametrize(
    ("column", "meta"),
    [
        ("mobile", {"owner": "crm"}),
        ("mobile", {"pii": "name"}),
        ("mobile", {"max_length": 21}),
        ("mobile", {"label_zh": "手机号"}),
        ("mobile", {"rule_zh": "手机号"}),
        ("mobile", {"rule": "As typed."}),
        ("mobile", {"default": "none"}),
        ("mobile", {"source": "the phone book"}),
        ("score", {"field": "points"}),
        ("score", {"required_link": True}),
    ],
)
def test_whatever_is_said_of_a_field_is_in_the_hash(column: str, meta: dict[str, Any]) -> None:
    manifest = make_manifest()
    columns = manifest["nodes"]["model.tongke.sync_people"]["columns"]
    columns[column]["config"]["meta"] |= meta
    assert hash_of(manifest) != hash_of(make_manifest())


def test_so_are_types_tests_and_settings() -> None:
    hashes = {hash_of(make_manifest())}
    for change in ("type", "test", "destination", "mode", "on_missing"):
        manifest = make_manifest()
        sync = manifest["exposures"]["exposure.tongke.people"]["config"]["meta"]["sync"]
        if change == "type":
            columns = manifest["nodes"]["model.tongke.sync_people"]["columns"]
            columns["score"]["data_type"] = "double"
        elif change == "test":
            test = manifest["nodes"]["test.accepted_values.level"]
            test["test_metadata"]["kwargs"]["values"] = ["A"]
        else:
            sync |= {"destination": "other"} if change == "destination" else {}
            sync |= {"mode": "create_only"} if change == "mode" else {}
            sync |= {"on_missing": "archive"} if change == "on_missing" else {}
        hashes.add(hash_of(manifest))
    assert len(hashes) == 6


def sign(sync: Sync) -> None:
    origins = {column.name: Origin() for column in sync.columns}
    signatures.sign([sync], {sync.name: sync}, {sync.name: origins}, by="李华", on="2026-01-01")


def test_a_sync_that_demands_a_signature_sends_nothing_without_it(
    new_world: Callable[..., TestWorld],
    command: Callable[..., tuple[int, str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    sync = make_sync(is_signature_demanded=True)
    world = new_world(syncs=[sync])
    world.desire("people", person(1))
    sign(make_sync(records="Everybody."))  # as it was before somebody changed it
    code, _, complaint = command(world, "apply")
    assert (code, "mapping people --diff" in complaint) == (4, True)
    assert (world.crm.held("people"), command(world, "plan")[0]) == ({}, 0)
    sign(sync)
    assert command(world, "apply")[0] == 0
    assert list(world.crm.held("people")) == ["p1"]


def test_each_run_tells_the_hash_of_its_mapping(
    new_world: Callable[..., TestWorld], command: Callable[..., tuple[int, str, str]]
) -> None:
    world = new_world()
    world.desire("people", person(1))
    command(world, "apply")
    _, out, _ = command(world, "history", "--format", "json")
    assert [run["mapping_hash"] for run in json.loads(out)] == [make_sync().mapping_hash]
