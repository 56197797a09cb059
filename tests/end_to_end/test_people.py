"""What people do to the CRM's records comes home, goes out again at most once, and settles."""

from typing import Any

import pytest

from tests.end_to_end.company import CompanyProject

OBJECTS = ("companies", "contacts", "orders")
THEIRS = ("notes", "stage")
"""The salespeople's own fields, which no column goes to."""

Records = dict[str, dict[str, Any]]
"""By the CRM's id."""


@pytest.mark.timeout(1800)
def test_what_people_do_settles_after_one_round(project: CompanyProject) -> None:
    project.approve()
    [edited, emptied, winner, loser, deleted, restored, exported] = ours(project)[:7]
    project.edit(
        "contacts", edited["id"], title="首席体验官", mobile="138 0013 7777", notes="爱喝茶"
    )
    project.edit("contacts", emptied["id"], title="", wechat_unionid="")
    # merged by hand: one record takes what the other had, and the other goes
    project.edit("contacts", winner["id"], notes=f"并自 {loser['name']}", email="")
    project.remove("contacts", loser["id"])
    project.remove("contacts", deleted["id"])
    # deleted, and brought back from a backup
    project.remove("contacts", restored["id"])
    project.add("contacts", {k: v for k, v in restored.items() if k not in {"created", "updated"}})
    # a list: somebody whom we have, twice, with the mobile written otherwise; and somebody new
    spaced = exported["mobile"].removeprefix("+86")
    listed = {"name": exported["name"], "mobile": f"{spaced[:3]} {spaced[3:7]} {spaced[7:]}"}
    people_made = {
        project.add("contacts", {**each, "notes": "展会名单"})["id"]
        for each in (listed, listed, {"name": "闻人清越", "mobile": "139 1111 8642"})
    }
    before = {name: by_id(project, name) for name in OBJECTS}

    # the first round takes in what people did, and answers it
    project.refresh()
    assert project.apply()["selfbuilt_contacts"]["updated"] > 0
    answered = {name: by_id(project, name) for name in OBJECTS}
    # the second has nothing to say
    project.refresh()
    assert project.plan() == {f"selfbuilt_{name}": {} for name in OBJECTS}
    project.apply()
    assert {name: by_id(project, name) for name in OBJECTS} == answered

    # no record of anybody's is gone, none was doubled, and no field of people's was written
    contacts = answered["contacts"]
    assert before["contacts"].keys() <= contacts.keys()
    assert people_made <= contacts.keys()
    keys = [each["external_id"] for each in contacts.values() if each["external_id"]]
    assert len(keys) == len(set(keys))
    for remote_id, record in before["contacts"].items():
        assert {name: contacts[remote_id][name] for name in THEIRS} == {
            name: record[name] for name in THEIRS
        }
    assert contacts[edited["id"]]["title"] == "首席体验官"
    assert contacts[emptied["id"]]["title"] == ""
    # whom people took away isn't made again
    assert not {loser["external_id"], deleted["external_id"]} & set(keys)


def ours(project: CompanyProject) -> list[dict[str, Any]]:
    """Contacts that the sync made, each with a mobile and a title."""
    return [
        each
        for each in project.records("contacts")
        if each["external_id"] and each["mobile"].startswith("+861") and each["title"]
    ]


def by_id(project: CompanyProject, name: str) -> Records:
    """What the CRM holds of an object."""
    return {each["id"]: each for each in project.records(name)}
