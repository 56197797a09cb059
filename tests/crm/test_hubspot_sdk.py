"""A second client checks the sandbox: HubSpot's own SDK, which knows nothing of ours."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from hubspot import Client
from hubspot.crm import associations, contacts, properties
from hubspot.crm.associations.v4 import (
    AssociationSpec,
    BatchInputPublicDefaultAssociationMultiPost,
    PublicDefaultAssociationMultiPost,
)
from hubspot.crm.objects import (
    BatchInputSimplePublicObjectBatchInputUpsert,
    BatchInputSimplePublicObjectId,
    BatchReadInputSimplePublicObjectId,
    SimplePublicObjectBatchInputUpsert,
    SimplePublicObjectId,
)

from sandbox.faults import Fault
from sandbox.hubspot.api import HubSpot as Sandbox
from sandbox.serving import serving


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Any]:
    with serving(sandbox) as url:
        made = Client.create(access_token=sandbox.account.tokens.private)
        made.config["host"] = url
        made.crm.properties.core_api.create(
            "contacts",
            properties.PropertyCreate(
                name="tongke_id",
                label="Tongke's id",
                type="string",
                field_type="text",
                group_name="contactinformation",
                has_unique_value=True,
            ),
        )
        yield made


def new_contact(client: Any, **values: str) -> Any:
    return client.crm.contacts.basic_api.create(
        contacts.SimplePublicObjectInputForCreate(properties=values, associations=[])
    )


def upserted(client: Any, *values: dict[str, str]) -> Any:
    return client.crm.objects.batch_api.upsert(
        "contacts",
        BatchInputSimplePublicObjectBatchInputUpsert(
            inputs=[
                SimplePublicObjectBatchInputUpsert(
                    id=each["tongke_id"],
                    id_property="tongke_id",
                    object_write_trace_id=each["tongke_id"],
                    properties=each,
                )
                for each in values
            ]
        ),
    )


def test_it_creates_reads_updates_and_archives(client: Any) -> None:
    made = new_contact(client, email="a@example.com", firstname="三")
    read = client.crm.contacts.basic_api.get_by_id(made.id, properties=["firstname"])
    assert read.properties["firstname"] == "三"
    assert read.created_at <= read.updated_at

    client.crm.contacts.basic_api.update(
        made.id, contacts.SimplePublicObjectInput(properties={"firstname": "四"})
    )
    read = client.crm.contacts.basic_api.get_by_id(
        "a@example.com", id_property="email", properties=["firstname"]
    )
    assert (read.id, read.properties["firstname"]) == (made.id, "四")

    client.crm.contacts.basic_api.archive(made.id)
    with pytest.raises(contacts.ApiException) as error:
        client.crm.contacts.basic_api.get_by_id(made.id)
    assert error.value.status == 404


def test_it_upserts_reads_and_archives_in_batches(client: Any) -> None:
    first = upserted(client, *({"tongke_id": f"p{n}", "firstname": "a"} for n in range(100)))
    again = upserted(client, {"tongke_id": "p7", "firstname": "b"})
    assert (len(first.results), {each.new for each in first.results}) == (100, {True})
    assert [each.new for each in again.results] == [False]

    read = client.crm.objects.batch_api.read(
        "contacts",
        BatchReadInputSimplePublicObjectId(
            id_property="tongke_id",
            properties=["firstname"],
            properties_with_history=[],
            inputs=[SimplePublicObjectId(id="p7"), SimplePublicObjectId(id="nobody")],
        ),
    )
    assert [each.properties["firstname"] for each in read.results] == ["b"]
    assert read.num_errors == 1

    ids = [SimplePublicObjectId(id=each.id) for each in first.results[:50]]
    client.crm.objects.batch_api.archive("contacts", BatchInputSimplePublicObjectId(inputs=ids))
    assert len(client.crm.contacts.get_all()) == 50


def test_a_part_of_a_batch_is_refused_in_a_207(client: Any) -> None:
    answer = upserted(
        client,
        {"tongke_id": "p1", "email": "a@example.com"},
        {"tongke_id": "p2", "email": "no mail"},
    )
    assert [each.object_write_trace_id for each in answer.results] == ["p1"]
    (refused,) = answer.errors
    assert refused.category == "VALIDATION_ERROR"
    assert refused.context["objectWriteTraceId"] == ["p2"]


def test_it_searches_page_by_page(client: Any, sandbox: Sandbox) -> None:
    upserted(client, *({"tongke_id": f"p{n:02d}", "lastname": f"x{n % 2}"} for n in range(30)))
    request = contacts.PublicObjectSearchRequest(
        filter_groups=[
            {"filters": [{"propertyName": "lastname", "operator": "EQ", "value": "x1"}]}
        ],
        sorts=["tongke_id"],
        properties=["tongke_id"],
        limit=10,
    )
    page = client.crm.contacts.search_api.do_search(request)
    assert (page.total, len(page.results)) == (15, 10)
    assert page.results[0].properties["tongke_id"] == "p01"
    request.after = page.paging.next.after
    assert len(client.crm.contacts.search_api.do_search(request).results) == 5

    sandbox.account.switches.index_lag = 0.2
    new_contact(client, lastname="late")
    late = contacts.PublicObjectSearchRequest(
        filter_groups=[
            {"filters": [{"propertyName": "lastname", "operator": "IN", "values": ["late"]}]}
        ],
        sorts=[],
        properties=[],
        limit=10,
    )
    assert client.crm.contacts.search_api.do_search(late).total == 0
    time.sleep(0.25)
    assert client.crm.contacts.search_api.do_search(late).total == 1


def test_it_associates(client: Any) -> None:
    person = new_contact(client, firstname="三")
    company = client.crm.companies.basic_api.create({"properties": {"name": "星河"}})
    client.crm.associations.v4.batch_api.create_default(
        "contacts",
        "companies",
        BatchInputPublicDefaultAssociationMultiPost(
            inputs=[
                PublicDefaultAssociationMultiPost(
                    _from=associations.PublicObjectId(id=person.id),
                    to=associations.PublicObjectId(id=company.id),
                )
            ]
        ),
    )
    page = client.crm.associations.v4.basic_api.get_page("contacts", person.id, "companies")
    (held,) = page.results
    assert str(held.to_object_id) == company.id
    assert {each.type_id for each in held.association_types} == {1, 279}
    client.crm.associations.v4.basic_api.archive("contacts", person.id, "companies", company.id)
    page = client.crm.associations.v4.basic_api.get_page("contacts", person.id, "companies")
    assert page.results == []


def test_it_associates_with_a_label(client: Any) -> None:
    person = new_contact(client, firstname="三")
    company = client.crm.companies.basic_api.create({"properties": {"name": "星河"}})
    spec = AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=1)
    made = client.crm.associations.v4.basic_api.create(
        "contacts", person.id, "companies", company.id, [spec]
    )
    assert made.labels == ["Primary"]


def test_it_merges_and_erases(client: Any) -> None:
    kept = new_contact(client, firstname="三")
    other = new_contact(client, email="a@example.com")
    client.crm.contacts.basic_api.merge(
        contacts.PublicMergeInput(primary_object_id=kept.id, object_id_to_merge=other.id)
    )
    merged = client.crm.contacts.basic_api.get_by_id(other.id, properties=["email"])
    assert (merged.id, merged.properties["email"]) == (kept.id, "a@example.com")
    client.crm.contacts.basic_api.purge(contacts.PublicGdprDeleteInput(object_id=kept.id))
    with pytest.raises(contacts.ApiException) as error:
        new_contact(client, email="a@example.com")
    assert error.value.status == 409


def test_it_describes_properties(client: Any) -> None:
    described = {
        each.name: each for each in client.crm.properties.core_api.get_all("contacts").results
    }
    assert described["tongke_id"].has_unique_value
    assert described["hs_object_id"].modification_metadata.read_only_value


def test_it_renews_a_token(client: Any, sandbox: Sandbox) -> None:
    tokens = sandbox.account.tokens
    granted = client.oauth.tokens_api.create(
        grant_type="refresh_token",
        client_id=tokens.client_id,
        client_secret=tokens.client_secret,
        refresh_token=tokens.refresh,
    )
    assert granted.expires_in == 1800
    client.access_token = granted.access_token
    assert new_contact(client, firstname="三").id


@pytest.mark.parametrize(
    ("fault", "status"),
    [(Fault("busy", retry_after=1), 429), (Fault("error", status=502), 502)],
    ids=["busy", "error"],
)
def test_it_meets_the_faults_that_are_planned(
    client: Any, sandbox: Sandbox, fault: Fault, status: int
) -> None:
    sandbox.faults.add([fault])
    with pytest.raises(contacts.ApiException) as error:
        new_contact(client, firstname="三")
    assert error.value.status == status
    assert new_contact(client, firstname="三").id
