"""The standard suite on a real PocketBase server, and what is PocketBase's own."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.errors import FatalError, RetryableError
from crm.protocol import Crm, NotWritten, Outcome, Rejected, Unknown, Write
from crm.runtime import Runtime
from tests.crm.faults import Proxy
from tests.crm.pocketbase import EMAIL, PASSWORD, SIGNED_IN, PocketBase
from tests.crm.suite import (
    OBJECT,
    PROFILES,
    CrmSuite,
    System,
    create,
    found,
    keys_of,
    update,
    write_all,
    written,
)

SIGN_IN = "/api/collections/users/auth-with-password"


def insistently(crm: Crm, write: Write) -> list[Outcome]:
    """Do as the engine does with what was surely not written."""
    for _ in range(5):
        try:
            return crm.write(OBJECT, [write])
        except RetryableError:
            continue
    raise AssertionError("refused five times")


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

    def test_the_real_rate_limit_is_met_and_outlived(
        self, system: System, pocketbase: PocketBase
    ) -> None:
        crm = system.connect(runtime=Runtime())
        writes = [create(f"k{n}") for n in range(30)]
        pocketbase.limit_rate(10)
        try:
            sent = [each for write in writes for each in insistently(crm, write)]
            assert len(written(sent)) == 30
            assert sorted(keys_of(crm)) == sorted(write.key for write in writes)
        finally:
            pocketbase.limit_rate(None)

    def test_a_rate_below_the_limit_never_meets_it(
        self, system: System, pocketbase: PocketBase
    ) -> None:
        crm = system.connect(runtime=Runtime(), rate__per_second="9")
        pocketbase.limit_rate(10)
        try:
            with ThreadPoolExecutor(4) as pool:
                outcomes = pool.map(lambda n: crm.write(OBJECT, [create(f"k{n}")]), range(25))
                assert len(written([each for some in outcomes for each in some])) == 25
        finally:
            pocketbase.limit_rate(None)

    def test_a_record_that_people_typed_is_adopted_by_writing_our_key(
        self, crm: Crm, pocketbase: PocketBase
    ) -> None:
        path = f"/api/collections/{OBJECT}/records"
        typed = pocketbase.call("POST", path, {"name": "张三", "notes": "by hand"})
        adopt = Write("k1", "update", typed["id"], {"external_id": "k1"})
        assert written(crm.write(OBJECT, [adopt]))[0].remote_id == typed["id"]
        # should the ledger be lost: the same key again is refused, never a second record
        (again,) = crm.write(OBJECT, [create("k1")])
        assert isinstance(again, Rejected)
        assert (again.code, again.field_name) == ("validation_not_unique", "external_id")
        assert keys_of(crm) == ["k1"]

    def test_a_record_that_has_passed_to_another_key_is_never_written_over(
        self, system: System, crm: Crm
    ) -> None:
        (first,) = written(crm.write(OBJECT, [create("k1", notes="of k9 now")]))
        written(crm.write(OBJECT, [update(first, external_id="k9")]))
        before = system.requests(lambda method, _path: method == "GET")
        outcomes = crm.write(OBJECT, [create("k0"), create("k1", notes="its own"), create("k2")])
        (again,) = written(outcomes[1:2])
        assert outcomes[::2] == [NotWritten("k0"), NotWritten("k2")]
        assert system.requests(lambda method, _path: method == "GET") == before + 1
        assert again.remote_id != first.remote_id
        there = found(crm, "k1", "k9")
        assert {key: each["notes"] for key, each in there.items()} == {
            "k1": "its own",
            "k9": "of k9 now",
        }
        # nor is it doubled by the same once more
        assert crm.write(OBJECT, [create("k1")]) == [Unknown("k1")]
        assert found(crm, "k1")["k1"] == there["k1"]

    def test_a_record_that_we_are_not_shown_is_not_written_over_either(
        self, crm: Crm, pocketbase: PocketBase
    ) -> None:
        (first,) = written(crm.write(OBJECT, [create("k1")]))
        written(crm.write(OBJECT, [update(first, external_id="hidden")]))
        rules = {"listRule": 'external_id != "hidden"'}
        pocketbase.call("PATCH", f"/api/collections/{OBJECT}", rules)
        try:
            (again,) = written(crm.write(OBJECT, [create("k1")]))
        finally:
            pocketbase.call("PATCH", f"/api/collections/{OBJECT}", {"listRule": SIGNED_IN})
        assert again.remote_id != first.remote_id
        assert sorted(keys_of(crm)) == ["hidden", "k1"]

    def test_a_scan_misses_nothing_while_people_edit(
        self, crm: Crm, pocketbase: PocketBase
    ) -> None:
        made = write_all(crm, [create(f"k{n:02d}") for n in range(40)])
        seen = set()
        for number, page in enumerate(crm.scan(OBJECT)):
            seen |= {record.fields["external_id"] for record in page}
            # whoever was read already is edited: with page numbers, others would move up unseen
            for each in made[number * 3 : number * 3 + 3]:
                path = f"/api/collections/{OBJECT}/records/{each.remote_id}"
                pocketbase.call("PATCH", path, {"notes": str(number)})
            if number > 30:
                break
        assert seen == {f"k{n:02d}" for n in range(40)}

    def test_an_account_without_rights_is_told_from_one_that_isnt_signed_in(
        self, crm: Crm, pocketbase: PocketBase
    ) -> None:
        rules = {"createRule": '@request.auth.email = "nobody@tongke.example"'}
        pocketbase.call("PATCH", f"/api/collections/{OBJECT}", rules)
        try:
            (outcome,) = crm.write(OBJECT, [create("k1")])
        finally:
            pocketbase.call("PATCH", f"/api/collections/{OBJECT}", {"createRule": SIGNED_IN})
        assert isinstance(outcome, Rejected)

    def test_a_superuser_gets_the_fields_as_the_server_describes_them(
        self, system: System, tmp_path: Path
    ) -> None:
        path = tmp_path / "admin.yml"
        text = "extends: pocketbase\nsettings: {users: _superusers}\n"
        path.write_text(text, encoding="utf-8")
        crm = system.connect(profile=str(path), identity="admin@tongke.example")
        fields = {each.name: each for each in crm.describe(OBJECT)}
        assert fields["name"].required
        assert fields["name"].max_length == 100
        assert fields["updated"].type == "datetime"
        assert fields["email"].type == "email"

    def test_batches_that_are_switched_off_are_said_to_be(
        self, crm: Crm, pocketbase: PocketBase
    ) -> None:
        batch = {"enabled": True, "maxRequests": 200, "timeout": 30}
        pocketbase.call("PATCH", "/api/settings", {"batch": {**batch, "enabled": False}})
        try:
            with pytest.raises(FatalError, match=r"batch of companies: HTTP 403"):
                crm.write(OBJECT, [create("k1")])
        finally:
            pocketbase.call("PATCH", "/api/settings", {"batch": batch})

    def test_a_server_that_takes_smaller_batches_is_served_in_halves(
        self, crm: Crm, pocketbase: PocketBase
    ) -> None:
        batch = {"enabled": True, "maxRequests": 200, "timeout": 30}
        pocketbase.call("PATCH", "/api/settings", {"batch": {**batch, "maxRequests": 30}})
        try:
            made = written(crm.write(OBJECT, [create(f"k{n}") for n in range(100)]))
        finally:
            pocketbase.call("PATCH", "/api/settings", {"batch": batch})
        assert [each.key for each in made] == [f"k{n}" for n in range(100)]

    def test_nothing_is_empty_text_and_nought(self, crm: Crm) -> None:
        (made,) = written(crm.write(OBJECT, [create("k1", notes=None, open_tickets=None)]))
        assert made.observed is not None
        assert (made.observed["notes"], made.observed["open_tickets"]) == ("", 0)

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(st.text(st.sampled_from("\\'\"%\n/a🀄|&()~"), min_size=1, max_size=8))
    def test_any_key_is_found_and_no_other(self, crm: Crm, key: str) -> None:
        written(crm.write(OBJECT, [create(key)]))
        assert list(found(crm, key)) == [key]
