"""Ids follow history: whatever happens to the records, an id that somebody knows leads on."""

import json
import random
from itertools import product

from tests.identity.conftest import World, contact, crm_contact, ledger_record, user

PHONE_A, PHONE_B, PHONE_C = "13911112222", "13911113333", "13911114444"


def test_the_order_of_arrival_changes_neither_the_partition_nor_any_id(world: World) -> None:
    rows = [
        contact(number, name, mobile=mobile)
        for number, (name, mobile) in enumerate(
            [("张三", PHONE_A), ("張三先生", PHONE_A), ("李四", PHONE_A), ("王五", PHONE_B)],
            start=1,
        )
    ]
    users = [user(1, "zhang san", phone=PHONE_A), user(2, "Wu Wang", phone=f"+86 {PHONE_B}")]
    world.land("erp.contacts", *rows)
    world.land("helpdesk.users", *users)
    world.build()
    first = world.people()

    for seed in (7,):
        shuffled, shuffled_users = rows[:], users[:]
        random.Random(seed).shuffle(shuffled)
        random.Random(seed).shuffle(shuffled_users)
        world.sql("delete from raw_erp.contacts")
        world.sql("delete from raw_helpdesk.users")
        world.sql("drop schema intermediate cascade")
        world.land("helpdesk.users", *shuffled_users)
        world.land("erp.contacts", *shuffled)
        world.build()

        assert world.people() == first
    assert len(set(first.values())) == 3


def test_ids_survive_merge_split_deletion_full_refresh_and_the_loss_of_the_registry(
    world: World,
) -> None:
    world.land("erp.contacts", contact(1, "王伟", mobile=PHONE_A))
    world.build()
    oldest = world.people()["erp:contact:1"]

    # somebody else, at first: so common a name ties nobody
    world.land("helpdesk.users", user(5, "王伟", address="wangwei@huachuang-tech.cn"))
    world.build()
    before = world.people()
    younger = before["helpdesk:user:5"]
    assert before["erp:contact:1"] == oldest != younger

    # a record that ties the two together: the id minted first stays, the other leads to it
    bridging = contact(2, "王伟", mobile=PHONE_A, email="wangwei@huachuang-tech.cn")
    world.land("erp.contacts", bridging)
    world.build()
    assert set(world.people().values()) == {oldest}
    assert world.redirects() == {(younger, oldest, "merged")}

    # nothing changes in a second build, nor in one from scratch
    world.build()
    world.build("--full-refresh")
    assert set(world.people().values()) == {oldest}
    assert world.redirects() == {(younger, oldest, "merged")}

    # the tie was a mistake: whoever has a claim to an id gets it back
    mended = {**bridging, "email": None, "updated_at": "2026-02-01 10:00:00"}
    world.land("erp.contacts", mended)
    world.build()
    people = world.people()
    assert people["erp:contact:1"] == people["erp:contact:2"] == oldest
    assert people["helpdesk:user:5"] == younger

    # the founder's record is gone: its heir keeps the id
    world.sql("delete from raw_erp.contacts where contact_id = 1")
    world.build()
    assert world.people()["erp:contact:2"] == oldest

    # contact 3 splits off from what contact 2 goes on being: it gets an id of its own
    world.land("erp.contacts", contact(3, "王伟", mobile=PHONE_A))
    world.build()
    assert world.people()["erp:contact:3"] == oldest
    moved = contact(3, "王伟", mobile=PHONE_B, updated_at="2026-03-01 10:00:00")
    world.land("erp.contacts", moved)
    world.build()
    people = world.people()
    assert people["erp:contact:2"] == oldest != people["erp:contact:3"]
    assert (oldest, people["erp:contact:3"], "split") in world.redirects()

    # the registry is lost; the CRM remembers
    world.land("ledger.records", ledger_record(oldest, "x", 5, '{"name": "王伟"}'))
    world.land(
        "selfbuilt.contacts",
        crm_contact("x", 5, external_id=oldest, name="王伟", mobile=PHONE_A),
    )
    world.sql("drop table intermediate.int_ids_registered")
    world.build()
    assert world.people()["erp:contact:2"] == oldest


def test_a_loop_through_the_crm_settles(world: World) -> None:
    world.land("erp.contacts", contact(1, "张三", mobile=PHONE_A))
    world.land(
        "selfbuilt.contacts", crm_contact("typed", 1, name="李四先生", mobile="139-1111-3333")
    )
    world.build()
    people = world.people()
    ours, theirs = people["erp:contact:1"], people["selfbuilt:contact:typed"]
    golden = world.sql("select * from marts.dim_people order by person_id")

    # the sync writes both: one record is new, the other is adopted and put straight
    world.land(
        "ledger.records",
        ledger_record(ours, "new", 2, f'{{"name": "张三", "mobile": "+86{PHONE_A}"}}'),
        ledger_record(
            theirs, "typed", 2, f'{{"name": "李四", "mobile": "+86{PHONE_B}"}}', origin="adopted"
        ),
    )
    world.land(
        "selfbuilt.contacts",
        crm_contact("new", 2, external_id=ours, name="张三", mobile=f"+86{PHONE_A}"),
        crm_contact("typed", 2, external_id=theirs, name="李四", mobile=f"+86{PHONE_B}"),
    )
    world.build()
    assert world.people() == people | {"selfbuilt:contact:new": ours}
    assert world.sql("select * from marts.dim_people order by person_id") == golden

    # a salesperson corrects the mobile: that is news, of the same person, and stays so
    world.land(
        "selfbuilt.contacts",
        crm_contact("new", 3, external_id=ours, name="张三", mobile=PHONE_C),
    )
    world.build()
    assert world.people()["selfbuilt:contact:new"] == ours
    mobile = f"select mobile from marts.dim_people where person_id = '{ours}'"
    assert world.sql(mobile) == [(f"+86{PHONE_C}",)]

    # and when we have written it our way, it is still what was typed
    world.land("ledger.records", ledger_record(ours, "new", 4, f'{{"mobile": "+86{PHONE_C}"}}'))
    world.land(
        "selfbuilt.contacts",
        crm_contact("new", 4, external_id=ours, name="张三", mobile=f"+86{PHONE_C}"),
    )
    world.build()
    assert world.sql(mobile) == [(f"+86{PHONE_C}",)]
    assert len(set(world.people().values())) == 2


def test_whom_the_weights_made_one_stays_one_when_we_wrote_over_what_people_typed(
    world: World,
) -> None:
    # the three share a rare name and nothing else, and two of them have different mobiles:
    # it is by the ERP's record, which has none, that they are one
    others = ("".join(name) for name in product("王李张刘陈", "伟静强敏磊"))
    world.land(
        "erp.contacts",
        contact(1, "司马芳", mobile="无", email="fang.sima@dexin-bio.cn"),
        *(contact(number, name) for number, name in enumerate(others, start=2)),
    )
    world.land("helpdesk.users", user(1, "司马芳", phone=PHONE_B, address="simafang@foxmail.com"))
    world.land(
        "selfbuilt.contacts", crm_contact("typed", 1, name="司马芳女士", mobile=f"+86 {PHONE_A}")
    )
    world.build()
    people = world.people()
    person = people["erp:contact:1"]
    assert people["helpdesk:user:1"] == people["selfbuilt:contact:typed"] == person
    golden = world.sql("select * from marts.dim_people order by person_id")

    # the record is adopted, and each of its fields gets our value
    sent = {"name": "司马芳", "mobile": f"+86{PHONE_A}", "email": "fang.sima@dexin-bio.cn"}
    written = crm_contact("typed", 2, external_id=person, **sent)
    world.land(
        "ledger.records", ledger_record(person, "typed", 2, json.dumps(sent), origin="adopted")
    )
    world.land("selfbuilt.contacts", written)
    for _ in range(2):
        world.build()
        assert world.people() == people
        assert world.sql("select * from marts.dim_people order by person_id") == golden

    # somebody empties the mobile: it counts no more, not even when we have filled it again;
    # and another name is news of this customer, and makes no other of her
    married = {**written, "name": "欧阳菲", "mobile": None}
    world.land("selfbuilt.contacts", {**married, "updated": "2026-02-03 10:00:00"})
    world.land(
        "selfbuilt.contacts",
        {**married, "mobile": sent["mobile"], "updated": "2026-02-04 10:00:00"},
    )
    world.build()
    assert world.people() == people
    typed = "select name, mobile from intermediate.int_selfbuilt_contacts_unechoed"
    assert world.sql(typed) == [("欧阳菲", None)]


def test_a_phone_typed_in_the_crm_never_merges_two_who_are_called_differently(
    world: World,
) -> None:
    world.land(
        "erp.contacts", contact(1, "张三", mobile=PHONE_A), contact(2, "李四", mobile=PHONE_B)
    )
    world.build()
    people = world.people()
    ours = people["erp:contact:1"]
    world.land(
        "ledger.records",
        ledger_record(ours, "x", 2, f'{{"name": "张三", "mobile": "+86{PHONE_A}"}}'),
    )
    # only the mobile is news; the name is what we wrote
    world.land(
        "selfbuilt.contacts", crm_contact("x", 3, external_id=ours, name="张三", mobile=PHONE_B)
    )
    world.build()

    assert world.people() == people | {"selfbuilt:contact:x": ours}
