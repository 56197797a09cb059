"""A demo company on real servers, ingested and built."""

import shutil
from pathlib import Path

import pytest

from demo.testing import DemoCompany, demo_company, own_demo_company
from tests.end_to_end.company import CompanyProject

__all__ = ["demo_company", "own_demo_company"]


@pytest.fixture(scope="session")
def built_project(demo_company: DemoCompany, root: Path) -> CompanyProject:
    """The project on a company of the fixtures' size and seed, built and tested; only read."""
    project = CompanyProject(demo_company, root)
    project.begin()
    return project


@pytest.fixture
def project(
    own_demo_company: DemoCompany, built_project: CompanyProject, root: Path
) -> CompanyProject:
    """The project on a company of the test's own, ingested and built.

    Companies of one seed are alike, down to their records' ids; so one is built for all.
    """
    built, own = built_project.company.home, own_demo_company.home
    shutil.copyfile(built.warehouse, own.warehouse)
    shutil.copytree(built.folder / "target", own.folder / "target")
    return CompanyProject(own_demo_company, root)
