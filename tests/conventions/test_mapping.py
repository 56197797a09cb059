"""Whoever signs a mapping sees where each field comes from."""

from collections.abc import Mapping
from typing import Any

import pytest

from reverse_etl.manifest import read_syncs
from reverse_etl.mapping.lineage import Lineage
from reverse_etl.syncs import Sync
from tests.conventions.complaints import expect_none
from tests.conventions.conftest import Dbt


@pytest.fixture(scope="module")
def compiled(dbt: Dbt, built: Mapping[str, Any]) -> Mapping[str, Any]:
    """The project's manifest with the SQL of its models."""
    assert built
    return dbt.manifest()


@pytest.fixture(scope="module")
def syncs(compiled: Mapping[str, Any]) -> Mapping[str, Sync]:
    return read_syncs(compiled)


def test_where_a_field_comes_from_can_be_told(
    compiled: Mapping[str, Any], syncs: Mapping[str, Sync]
) -> None:
    lineage = Lineage(compiled)
    complaints = []
    for sync in syncs.values():
        for column in sync.columns:
            origin = lineage.origin(sync.schema, sync.table, column.name)
            if not column.source and origin.gaps | origin.uncompiled:
                complaints.append(
                    f"{sync.table}.{column.name}: where it comes from can't be read from the SQL; "
                    "say it in `meta: {source: ...}`"
                )
    expect_none(complaints)


def test_a_title_comes_from_those_who_know_titles(
    compiled: Mapping[str, Any], syncs: Mapping[str, Sync]
) -> None:
    sync = syncs["selfbuilt_contacts"]
    origin = Lineage(compiled).origin(sync.schema, sync.table, "title")
    assert origin.columns == {"erp.contacts.title", "selfbuilt.contacts.title"}
