"""Settings: where they come from, and what is said of those that are wrong."""

from pathlib import Path
from typing import Any

import pytest

from ingestion import config
from ingestion.config import Instance
from ingestion.errors import ConfigurationError
from ingestion.sources import KINDS, open_source
from ingestion.sources.sql import SqlSettings
from tests.ingestion.systems import ERP_SETTINGS, Erp, Project


def test_the_sources_are_those_of_the_files_and_of_the_environment(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.configure({"sources": {"shop": {"kind": "csv_drop", "folder": "x"}}})
    monkeypatch.setenv("SOURCES__CRM_ONE__KIND", "crm")

    assert config.instances() == [Instance("crm_one", "crm"), Instance("shop", "csv_drop")]


def test_no_settings_are_no_sources(project: Project) -> None:
    assert config.instances() == []


def test_the_environment_wins_over_the_files(
    project: Project, erp: Erp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__ERP__CREDENTIALS", "sqlite:////elsewhere.sqlite")
    monkeypatch.setenv("SOURCES__ERP__LAG", "7")

    found = config.settings(Instance("erp", "sql"), SqlSettings)

    assert found.credentials == "sqlite:////elsewhere.sqlite"
    assert found.lag == 7.0


def test_the_folder_is_the_working_directorys_unless_dlt_project_dir_says_another(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert config.settings_path() == project.folder / ".dlt"
    monkeypatch.delenv("DLT_PROJECT_DIR")
    monkeypatch.chdir(tmp_path)
    assert config.settings_path().resolve() == tmp_path / ".dlt"


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"folder": "x"}, r"\[sources\.it\] says no kind"),
        ({"kind": "mainframe"}, "kind = 'mainframe' is unknown: there are crm, csv_drop"),
        ({"kind": "csv_drop"}, "lacks `folder`.*SOURCES__IT__FOLDER"),
        ({"kind": "csv_drop", "folder": "x", "foldr": "y"}, "`foldr`: did you mean `folder`"),
        ({"kind": "csv_drop", "folder": 7}, "folder has to be a text, not 7"),
        ({"kind": "csv_drop", "folder": "x", "headers": ["a"]}, "headers has to be a table"),
        ({"kind": "csv_drop", "folder": "x", "headers": {"单号": 1}}, "headers.单号 has to be a"),
        ({"kind": "csv_drop", "folder": "x", "tables": {"a": {}}}, "tables.a lacks `key`"),
        (
            {"kind": "csv_drop", "folder": "x", "tables": {"a": {"key": "k", "shet": "s"}}},
            "tables.a has an unknown setting `shet`",
        ),
        ({"kind": "sql", "tables": {}}, "lacks `credentials` .a secret: .dlt/secrets.toml"),
        ({"kind": "sql", "tables": {}, "credentials": "not a url"}, "is no SQLAlchemy URL"),
        ({"kind": "sql", "tables": {}, "credentials": "foodb://x"}, "foodb: install the driver"),
        ({"kind": "sql", "tables": {}, "credentials": "sqlite://", "lag": "soon"}, "lag has to be"),
        ({"kind": "sql", "tables": {}, "credentials": "sqlite://", "lag": True}, "lag has to be"),
        ({"kind": "roundup", "username": "a", "password": "b"}, "lacks `url`"),
        ({"kind": "crm"}, "lacks `connection`"),
    ],
)
def test_what_is_wrong_is_said(project: Project, section: dict[str, Any], said: str) -> None:
    project.configure({"sources": {"it": section}})

    with pytest.raises(ConfigurationError, match=said):
        [open_source(instance) for instance in config.instances()]


def test_a_secret_of_the_wrong_type_is_not_shown(project: Project) -> None:
    project.configure(
        {"sources": {"it": {"kind": "roundup", "url": "x", "username": "y"}}},
        {"sources": {"it": {"password": ["s3cret"]}}},
    )

    with pytest.raises(ConfigurationError, match="password has to be a text") as raised:
        open_source(*config.instances())

    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("name", ["ERP", "erp__shanghai", "1erp", "erp-shanghai"])
def test_a_name_that_is_no_schema_is_refused(project: Project, name: str) -> None:
    project.configure({"sources": {name: {"kind": "csv_drop", "folder": "x"}}})

    with pytest.raises(ConfigurationError, match="small letters"):
        config.instances()


@pytest.mark.parametrize("table", ["Orders", "t-order", "a__b", "订单"])
def test_a_raw_table_whose_name_would_be_another_in_the_warehouse_is_refused(
    project: Project, table: str
) -> None:
    project.configure(
        {"sources": {"erp": {"kind": "sql", "credentials": "sqlite:///x", "tables": {table: {}}}}}
    )
    (instance,) = config.instances()

    with pytest.raises(ConfigurationError, match=rf"\[sources\.erp\.tables\.{table}\]"):
        open_source(instance)


def test_secrets_are_not_in_a_settings_repr() -> None:
    assert "s3cret" not in repr(SqlSettings("postgresql://u:s3cret@h/d", {}))


def test_opening_a_source_connects_to_nothing(project: Project) -> None:
    project.configure(
        {
            "sources": {
                "erp": ERP_SETTINGS["sources"]["erp"],
                "helpdesk": {"kind": "roundup", "url": "http://127.0.0.1:9"},
                "finance": {"kind": "workbooks", "folder": "nowhere"},
                "shop": {"kind": "csv_drop", "folder": "nowhere"},
                "ledger": {"kind": "ledger"},
                "selfbuilt": {"kind": "crm", "connection": "nobody"},
            }
        },
        {
            "sources": {
                "erp": {"credentials": "postgresql://u:p@127.0.0.1:9/x"},
                "helpdesk": {"username": "a", "password": "b"},
            }
        },
    )
    found = config.instances()
    assert {i.kind for i in found} == set(KINDS)
    for instance in found:
        open_source(instance).close()
