"""Why two are one, why they aren't, and why a value won, from outside."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import product

import pytest
from typer.testing import CliRunner

from identity.answers import Apart, Chain, Difference
from identity.cli import app
from identity.decisions import Verdict
from identity.errors import IdentityError, UnknownKeyError
from identity.explanations import Explanations
from tests.identity.conftest import World, contact, crm_contact, ledger_record, user

PHONE, OTHER_PHONE = "13911115555", "13911116666"
FAMILY_PHONE, SWITCHBOARD = "13911117777", "13911118888"
NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def known(session_world: World) -> World:
    """A company of everybody whom the tests ask about, built once."""
    world = session_world
    world.land(
        "erp.contacts",
        contact(1, "欧阳清漪", mobile=PHONE, birth_date="1990-03-07"),
        contact(2, "钱明", mobile=OTHER_PHONE),
        contact(3, "吴双", email="shuang@huachuang.cn"),
        contact(4, "周远", mobile=FAMILY_PHONE, national_id="11010519491231002X"),
        contact(5, "周远山", mobile=FAMILY_PHONE),
        contact(6, "郑九", mobile="13911119999"),
        *(
            contact(20 + n, f"{name}飞", mobile=SWITCHBOARD)
            for n, name in enumerate("蒋沈韩杨朱秦尤")
        ),
    )
    world.land(
        "erp.customers",
        {
            "customer_id": 1,
            "customer_type": "company",
            "name": "华创科技有限公司",
            "created_at": "2026-01-01 10:00:00",
            "updated_at": "2026-01-01 10:00:00",
            "is_deleted": False,
        },
    )
    world.land(
        "helpdesk.users",
        user(1, "歐陽清漪", phone=PHONE, address="qy@huachuang.cn"),
        user(2, "Qingyi Ouyang", address="qy@huachuang.cn"),
        user(3, "吴双双", address="ws@huachuang.cn"),
    )
    # nothing but a name and a birth date
    world.land(
        "canonical.records",
        *(
            {
                "source_system": system,
                "source_record_id": "1",
                "entity_type": "person",
                "full_name": "诸葛瑾瑜",
                "birth_date": "1988-08-18",
            }
            for system in ("fair", "shop")
        ),
    )
    # a name is rare among others
    world.land(
        "canonical.records",
        *(
            {
                "source_system": "list",
                "source_record_id": str(number),
                "entity_type": "person",
                "full_name": surname + given,
            }
            for number, (surname, given) in enumerate(product("赵钱孙李周吴郑王", "明芳勇娟军霞"))
        ),
    )
    world.build()
    ours = world.people()["erp:contact:6"]
    written = {"name": "郑九", "mobile": "+8613911119999"}
    world.land("selfbuilt.contacts", crm_contact("x", 5, external_id=ours, **written))
    world.land("ledger.records", ledger_record(ours, "x", 5, json.dumps(written)))
    world.reviews().decide_on(
        ("erp:contact:3", "helpdesk:user:3"), Verdict.SAME, "Li", "called her", NOW
    )
    world.reviews().decide_on(
        ("erp:contact:2", "list:6"), Verdict.DIFFERENT, "Li", "father and son", NOW
    )
    world.build()
    return world


@pytest.fixture
def explanations(known: World) -> Explanations:
    return known.explanations(values=True)


def rules(chain: Chain | Difference) -> Sequence[str]:
    assert isinstance(chain, Chain)
    return [link.rule for link in chain.links]


def test_a_chain_of_links_leads_from_one_record_to_the_other(explanations: Explanations) -> None:
    chain = explanations.between("erp:contact:1", "helpdesk:user:2")

    assert rules(chain) == ["same phone and name", "same email and name"]
    assert isinstance(chain, Chain)
    assert [(link.record_key, link.other_record_key) for link in chain.links] == [
        ("erp:contact:1", "helpdesk:user:1"),
        ("helpdesk:user:1", "helpdesk:user:2"),
    ]
    assert [link.identifier for link in chain.links] == [f"+86{PHONE}", "qy@huachuang.cn"]


def test_a_decision_says_who_decided_and_why(explanations: Explanations) -> None:
    chain = explanations.between("erp:contact:3", "helpdesk:user:3")

    assert isinstance(chain, Chain)
    (link,) = chain.links
    assert (link.linked_by, link.decided_by, link.reason) == ("people", "Li", "called her")


def test_the_bits_of_the_evidence_add_up_to_the_weight(explanations: Explanations) -> None:
    chain = explanations.between("shop:1", "fair:1")

    assert isinstance(chain, Chain)
    (link,) = chain.links
    assert (link.record_key, link.linked_by) == ("shop:1", "weights")
    assert "same birth date" in {finding.meaning for finding in link.findings}
    assert sum(finding.bits for finding in link.findings) == link.weight


def test_what_we_wrote_into_the_crm_is_tied_by_our_id(explanations: Explanations) -> None:
    chain = explanations.between("selfbuilt:contact:x", "erp:contact:6")

    assert rules(chain) == ["we wrote it, and it carries our id"]


@pytest.mark.parametrize(
    ("one", "other", "because"),
    [
        ("erp:contact:2", "list:6", Apart.DECIDED),
        ("erp:contact:4", "erp:contact:5", Apart.IMPROBABLE),
        ("erp:contact:1", "erp:contact:6", Apart.STRANGERS),
    ],
)
def test_two_are_two_for_a_reason(
    explanations: Explanations, one: str, other: str, because: Apart
) -> None:
    found = explanations.between(one, other)

    assert isinstance(found, Difference)
    assert found.because == because


def test_an_id_is_explained_like_the_records_behind_it(
    known: World, explanations: Explanations
) -> None:
    hers = known.people()["helpdesk:user:2"]

    assert explanations.of(hers) == explanations.of("erp:contact:1")
    assert isinstance(explanations.between(hers, "helpdesk:user:2"), Chain)


def test_who_is_not_known_is_an_error(explanations: Explanations) -> None:
    with pytest.raises(UnknownKeyError, match="erp:contact:99"):
        explanations.of("erp:contact:99")


def test_a_value_names_its_record_its_rule_and_who_lost(explanations: Explanations) -> None:
    values = {value.attribute: value for value in explanations.of("erp:contact:1").values}

    name = values["full_name"]
    assert (name.value, name.record_key, name.rule) == (
        "欧阳清漪",
        "erp:contact:1",
        "most_trusted_source",
    )
    assert {"its source is trusted less"} <= {loser.lost_because for loser in name.losers}
    assert values["birth_date"].value == "1990-03-07"


def test_values_are_shown_only_to_those_who_ask(
    known: World,
) -> None:
    assert known.people()
    for arguments, is_shown in ((["--values"], True), ([], False)):
        for keys in (["erp:contact:1"], ["erp:contact:1", "helpdesk:user:2"]):
            for form in ("json", "table"):
                said = CliRunner().invoke(
                    app, ["explain", *keys, "--format", form, *arguments], catch_exceptions=False
                )
                assert said.exit_code == 0
                assert ("13911115555" in said.output) is is_shown


def test_every_customer_is_held_together_by_one_link_less_than_it_has_records(
    known: World,
) -> None:
    wrong = known.sql(
        "select entity_type, entity_id from intermediate.int_records_identified "
        "left join (select entity_type, entity_id, count(*) as link_count "
        "from marts.fct_record_links group by all) using (entity_type, entity_id) "
        "group by all having count(*) != coalesce(any_value(link_count), 0) + 1"
    )
    assert wrong == []


def test_a_household_is_a_relation_and_never_a_merge(known: World) -> None:
    people = known.people()
    found = known.sql(
        "select person_id, other_person_id, shared_channel from marts.bridge_household_relations"
    )

    father, son = sorted((people["erp:contact:4"], people["erp:contact:5"]))
    assert father != son
    assert found == [(father, son, "phone")]


def test_sex_and_birth_date_follow_from_a_resident_id(known: World) -> None:
    person = known.people()["erp:contact:4"]

    assert known.sql(
        f"select sex, birth_date::varchar from marts.dim_people where person_id = '{person}'"
    ) == [("f", "1949-12-31")]


def test_a_person_and_a_company_have_nothing_to_explain(
    explanations: Explanations,
) -> None:
    with pytest.raises(IdentityError, match="the other a company"):
        explanations.between("erp:contact:1", "erp:customer:1")
