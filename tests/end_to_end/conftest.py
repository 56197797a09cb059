"""A demo company on real servers, ingested and built."""

import shutil
from pathlib import Path

import pytest

from demo.testing import DemoCompany, demo_company, own_demo_company
from tests.end_to_end.company import CompanyProject

__all__ = ["demo_company", "own_demo_company"]


@pytest.fixture(scope="session")
def built_warehouse(
    demo_company: DemoCompany,
    root: Path,
) -> Path:
    """The warehouse of a company of the fixtures' size and seed, built and tested once."""
    project = CompanyProject(demo_company, root)
    project.begin()
    return demo_company.home.warehouse


@pytest.fixture
def project(
    own_demo_company: DemoCompany,
    built_warehouse: Path,
    root: Path,
) -> CompanyProject:
    """The project on a company of the test's own, ingested and built.

    Companies of one seed are alike, down to their records' ids; so one is built for all.
    """
    project = CompanyProject(own_demo_company, root)
    shutil.copyfile(built_warehouse, own_demo_company.home.warehouse)
    return project
