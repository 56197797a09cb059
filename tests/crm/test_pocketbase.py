"""The standard suite on a real PocketBase server, and what is PocketBase's own."""

import pytest
from conftest import PROFILES
from faults import Proxy
from pocketbase import EMAIL, PASSWORD, PocketBase
from suite import OBJECT, CrmSuite, System

SIGN_IN = "/api/collections/users/auth-with-password"


class TestPocketBase(CrmSuite):
    @pytest.fixture
    def system(
        self, pocketbase: PocketBase, pocketbase_proxy: Proxy, monkeypatch: pytest.MonkeyPatch
    ) -> System:
        pocketbase.empty(OBJECT)
        pocketbase_proxy.clear()
        return System(
            server=pocketbase,
            proxy=pocketbase_proxy,
            profile=str(PROFILES / "pocketbase_site.yml"),
            secrets={"identity": EMAIL, "password": PASSWORD},
            setenv=monkeypatch.setenv,
            is_read=lambda method, _path: method == "GET",
            is_write=lambda _method, path: path == "/api/batch",
            sign_in_path=SIGN_IN,
        )
