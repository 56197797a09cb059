"""The standard suite on two home-made CRMs that only YAML describes."""

from collections.abc import Iterator

import pytest

from tests.crm.faults import Proxy
from tests.crm.homemade import Envelope, Reference
from tests.crm.suite import PROFILES, CrmSuite, RepeatableBatches, System


class TestReference(RepeatableBatches, CrmSuite):
    """Batches answered record by record in any order, cursors, idempotency keys, OAuth."""

    @pytest.fixture
    def system(self, reference: Reference, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
        proxy = Proxy(reference.url)
        yield System(
            server=reference,
            proxy=proxy,
            profile=str(PROFILES / "reference.yml"),
            secrets={"client_id": "tongke", "client_secret": "a-secret-of-one-test"},
            setenv=monkeypatch.setenv,
            is_read=lambda method, _path: method == "GET",
            is_write=lambda method, path: method != "GET" and path.startswith("/v1/"),
            sign_in_path="/oauth/token",
        )
        proxy.close()


class TestEnvelope(CrmSuite):
    """HTTP 200 always, one record a call, no id in the answer, local times, POST only."""

    @pytest.fixture
    def system(self, envelope: Envelope, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
        proxy = Proxy(envelope.url)
        yield System(
            server=envelope,
            proxy=proxy,
            profile=str(PROFILES / "envelope.yml"),
            secrets={"username": "tongke", "password": "a-secret-of-one-test"},
            setenv=monkeypatch.setenv,
            is_read=lambda _method, path: path.endswith("/list"),
            is_write=lambda _method, path: path.endswith(("/add", "/update", "/deleteByIds")),
            sign_in_path="/login",
        )
        proxy.close()
