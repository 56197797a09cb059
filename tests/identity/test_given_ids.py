"""An id that was ever given leads on, its history is kept, and a lost registry comes back."""

import json

from tests.identity.conftest import World, contact, crm_contact, ledger_record, user

PHONE_A, PHONE_B = "13911112222", "13911113333"
MAIL = "wangwei@huachuang.cn"


def history(world: World) -> list[tuple[str, str, str]]:
    """The steps in the lives of all ids, in their order."""
    found = world.sql("select old_id, new_id, kind from marts.fct_id_changes order by changed_at")
    return [(old, new, kind) for old, new, kind in found]


def test_every_id_leads_on_and_each_step_is_kept(world: World) -> None:
    # so common a name ties nobody by itself
    world.land("erp.contacts", contact(1, "王伟", mobile=PHONE_A))
    world.land("erp.contacts", contact(3, "王伟", mobile=PHONE_A))
    world.build()
    world.land("helpdesk.users", user(5, "王伟", address=MAIL))
    world.build()
    people = world.people()
    older, younger = people["erp:contact:1"], people["helpdesk:user:5"]
    assert older != younger
    assert history(world) == []

    bridging = contact(2, "王伟", mobile=PHONE_A, email=MAIL)
    world.land("erp.contacts", bridging)
    world.build()
    kept, lost = older, younger
    assert set(world.people().values()) == {kept}
    assert world.leads() == {(kept, kept), (lost, kept)}

    world.land("erp.contacts", {**bridging, "email": None, "updated_at": "2026-02-01 10:00:00"})
    moved = contact(3, "王伟", mobile=PHONE_B, updated_at="2026-02-01 10:00:00")
    world.land("erp.contacts", moved)
    world.build("--full-refresh")
    split_off = world.people()["erp:contact:3"]
    assert world.leads() == {
        (kept, kept),
        (kept, lost),
        (lost, lost),
        (kept, split_off),
        (split_off, split_off),
    }

    # merged once more, and the record that knew the other id is deleted
    world.land("erp.contacts", {**bridging, "updated_at": "2026-03-01 10:00:00"})
    world.build()
    world.sql("delete from raw_helpdesk.users")
    world.build("--full-refresh")
    assert (lost, kept) in world.leads()
    assert sorted(history(world)) == sorted(
        [
            (lost, kept, "merged"),
            (lost, lost, "restored"),
            (kept, lost, "split"),
            (kept, split_off, "split"),
            (lost, kept, "merged"),
        ]
    )


def test_a_lost_registry_is_rebuilt_from_the_crm(world: World) -> None:
    world.land(
        "erp.contacts",
        contact(1, "张三", mobile=PHONE_A),
        contact(2, "張三", mobile=PHONE_A, email="zs@huachuang.cn"),
        contact(3, "李四", mobile=PHONE_A),
        contact(4, "王五", email="wangwu@huachuang.cn"),
        contact(5, "Wang Wu", email="wangwu@huachuang.cn"),
    )
    world.build()
    people = world.people()
    # the founders' records are gone, so that no record tells any more what the ids were
    world.sql("delete from raw_erp.contacts where contact_id in (1, 4)")
    # and in the CRM stands nothing but what a sync wrote
    for number, key, written in (
        (
            1,
            "erp:contact:2",
            {"name": "张三", "mobile": f"+86{PHONE_A}", "email": "zs@huachuang.cn"},
        ),
        (2, "erp:contact:3", {"name": "李四", "mobile": f"+86{PHONE_A}"}),
        (3, "erp:contact:5", {"name": "王五", "email": "wangwu@huachuang.cn"}),
    ):
        ours = people[key]
        world.land("selfbuilt.contacts", crm_contact(f"x{number}", 5, external_id=ours, **written))
        world.land("ledger.records", ledger_record(ours, f"x{number}", 5, json.dumps(written)))
    world.build()
    before = world.people()
    assert {before[key] for key in ("erp:contact:2", "erp:contact:3", "erp:contact:5")} == {
        people[key] for key in ("erp:contact:1", "erp:contact:3", "erp:contact:4")
    }

    world.sql("drop table intermediate.int_ids_registered")
    world.build()

    assert world.people() == before
