"""A demo company on real servers, ingested and built."""

from pathlib import Path

import pytest

from demo.testing import DemoCompany, own_demo_company
from tests.end_to_end.company import CompanyProject

__all__ = ["own_demo_company"]


@pytest.fixture
def project(
    own_demo_company: DemoCompany,
    root: Path,
) -> CompanyProject:
    """The project on a company of the test's own, ingested and built."""
    project = CompanyProject(own_demo_company, root)
    project.begin()
    return project
