"""Servers that live as long as the tests do."""

from collections.abc import Iterator

import pytest

from tests.crm.faults import Proxy
from tests.crm.homemade import Envelope, Reference
from tests.crm.pocketbase import PocketBase

# its assertions say as much as those of a test module
pytest.register_assert_rewrite("tests.crm.suite")


@pytest.fixture(scope="session")
def pocketbase(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PocketBase]:
    server = PocketBase(tmp_path_factory.mktemp("pocketbase"))
    try:
        text = {"type": "text", "max": 20_000}
        server.create_collection(
            "companies",
            [
                {"name": "external_id", **text},
                {"name": "name", "type": "text", "required": True, "max": 100},
                {"name": "email", "type": "email"},
                {"name": "notes", **text},
                {"name": "open_tickets", "type": "number", "onlyInt": True},
            ],
        )
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def pocketbase_proxy(pocketbase: PocketBase) -> Iterator[Proxy]:
    proxy = Proxy(pocketbase.url)
    yield proxy
    proxy.close()


@pytest.fixture
def reference() -> Iterator[Reference]:
    server = Reference()
    yield server
    server.close()


@pytest.fixture
def envelope() -> Iterator[Envelope]:
    server = Envelope()
    yield server
    server.close()
