"""The standard suite on the sandbox of HubSpot, in each way it may behave."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pytest

from sandbox.hubspot.api import HubSpot as Sandbox
from sandbox.hubspot.properties import Property
from sandbox.serving import serving
from tests.connections import configure
from tests.crm.faults import Proxy
from tests.crm.suite import CrmSuite, MergingRecords, System


@dataclass
class Server:
    """The sandbox, as the suite wants a server to be."""

    sandbox: Sandbox
    url: str

    def expire_tokens(self) -> None:
        self.sandbox.account.tokens.granted.clear()

    def empty(self, name: str) -> None:
        self.sandbox.account.empty(name)


def new_sandbox(**switches: object) -> Sandbox:
    """A sandbox whose companies are the suite's, and whose quotas don't bind."""
    sandbox = Sandbox()
    boundless = {"burst": 10**9, "search_per_second": 10**9, "association_burst": 10**9}
    sandbox.account.switches.change({**boundless, **switches})
    companies = sandbox.account.table("companies")
    companies.properties["name"].max_length = 100
    for name in ("external_id", "email", "notes", "open_tickets"):
        companies.add_property(Property(name, name, is_unique=name == "external_id"))
    return sandbox


class TestHubSpot(MergingRecords, CrmSuite):
    """As we take it that HubSpot behaves."""

    switches: ClassVar[dict[str, object]] = {}

    @pytest.fixture
    def system(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
        sandbox = new_sandbox(**self.switches)
        tokens = sandbox.account.tokens
        settings = {
            "auth": "oauth",
            "external_id": "external_id",
            "read_lag": "0",
            "page_size": "10",
        }
        configure(monkeypatch.setenv, "suite", **settings)
        with serving(sandbox) as url:
            proxy = Proxy(url)
            yield System(
                server=Server(sandbox, url),
                proxy=proxy,
                kind="hubspot",
                profile="",
                secrets={
                    "client_id": tokens.client_id,
                    "client_secret": tokens.client_secret,
                    "refresh_token": tokens.refresh,
                },
                setenv=monkeypatch.setenv,
                is_read=lambda method, path: method == "GET" or path.endswith(("/read", "/search")),
                is_write=lambda _method, path: path.endswith(
                    ("/upsert", "/update", "/archive", "/merge")
                ),
                sign_in_path="/oauth/v1/token",
            )
            proxy.close()


class TestHubSpotThatRefusesWholeBatches(TestHubSpot):
    """Bad records cost their batch, and errors name neither records nor order."""

    switches: ClassVar[dict[str, object]] = {"batch_errors": "whole", "archived_is_404": True}


class TestHubSpotThatNamesOnlyIds(TestHubSpot):
    """Errors name the record's id, and results come in any order."""

    switches: ClassVar[dict[str, object]] = {"errors_name_trace_ids": False, "shuffled": True}


class TestHubSpotThatMergesIntoNewIds(TestHubSpot):
    """What lives on after a merge has a new id, and the old ones lead nowhere."""

    switches: ClassVar[dict[str, object]] = {
        "merging_makes_an_id": True,
        "merged_ids_lead_on": False,
    }
