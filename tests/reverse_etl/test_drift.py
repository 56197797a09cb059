"""What people did in the CRM: every row of the table in docs/reference/drift.md holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from worlds import MemoryCrm, TestWorld, make_sync, person

from crm.protocol import RemoteRecord
from reverse_etl import render
from reverse_etl.engine import Selection
from reverse_etl.reconciliation.findings import KINDS
from reverse_etl.reconciliation.reconcile import reconciling

PAGE = Path(__file__).parents[2] / "docs/reference/drift.md"
HEADING = "| people | ours | told | key | planned | why |"
EVERY_OPERATION = (*render.SHOWN, "keep", "unchanged", "forget")


@dataclass
class MergingCrm(MemoryCrm):
    """People merge records in it: the loser's id then leads to the winner."""

    merged: dict[str, str] = field(default_factory=dict)

    def merge(self, loser: str, winner: str, **fields: str) -> None:
        people = self.objects["people"]
        del people[loser]
        people[winner] |= fields
        self.merged[loser] = winner

    def find(self, object_name: str, field_name: str, values: Sequence[str]) -> list[RemoteRecord]:
        if field_name == "id":
            values = [self.merged.get(value, value) for value in values]
        return super().find(object_name, field_name, values)

    def _records(self, object_name: str) -> list[RemoteRecord]:
        losers: dict[str, tuple[str, ...]] = {}
        for loser, winner in self.merged.items():
            losers[winner] = (*losers.get(winner, ()), loser)
        return [
            replace(each, formerly=losers.get(each.remote_id, ()))
            for each in super()._records(object_name)
        ]


Deed = Callable[[MergingCrm, TestWorld], None]


def row(number: int, **fields: str) -> dict[str, object]:
    return person(number, mobile=f"13{number}") | fields


def put(crm: MergingCrm, remote_id: str, **fields: str | None) -> None:
    crm.put("people", remote_id, **({"name": "x"} | fields))


def type_into(crm: MergingCrm, remote_id: str, **fields: str | None) -> None:
    crm.objects["people"][remote_id] |= fields


def delete(crm: MergingCrm, instead: dict[str, str] | None = None) -> None:
    del crm.objects["people"]["r1"]
    if instead is not None:
        put(crm, "r8", **instead)


def delete_and_restore(crm: MergingCrm, world: TestWorld) -> None:
    held = crm.objects["people"].pop("r1")
    world.desire("people", row(1, name="seen to be gone"), row(2))
    world.apply()
    crm.objects["people"]["r1"] = held


def restore(crm: MergingCrm, world: TestWorld, **fields: str | None) -> None:
    held = dict(crm.objects["people"]["r1"])
    world.desire("people", row(2))
    world.apply()
    crm.objects["people"]["r1"] = held | fields


def merge_into_theirs(crm: MergingCrm, _world: TestWorld) -> None:
    put(crm, "r8")
    crm.merge("r1", "r8")


def bring(crm: MergingCrm, *remote_ids: str, **fields: str) -> None:
    for remote_id in remote_ids:
        put(crm, remote_id, **fields)


PEOPLE: dict[str, Deed] = {
    "deleted r1": lambda crm, _: delete(crm),
    "deleted r1 and restored it": delete_and_restore,
    "deleted r1 and made r8 with its key": lambda crm, _: delete(crm, {"external_id": "p1"}),
    "deleted r1 and kept r8 with its mobile": lambda crm, _: delete(crm, {"mobile": "131"}),
    "merged r1 into r8 of theirs": merge_into_theirs,
    "merged r1 into r2": lambda crm, _: crm.merge("r1", "r2"),
    "merged r1 into r2 and kept the key p1": lambda crm, _: crm.merge("r1", "r2", external_id="p1"),
    "restored r1, which we had removed": restore,
    "restored r1 without its key": lambda crm, world: restore(crm, world, external_id=None),
    "emptied the key of r1": lambda crm, _: type_into(crm, "r1", external_id=None),
    "put another key onto r1": lambda crm, _: type_into(crm, "r1", external_id="x"),
    "put the key p2 onto r1": lambda crm, _: type_into(crm, "r1", external_id="p2"),
    "put the key p9 onto r1": lambda crm, _: type_into(crm, "r1", external_id="p9"),
    "imported r8 with the key p1": lambda crm, _: bring(crm, "r8", external_id="p1"),
    "imported r8 and r9 with the key p9": lambda crm, _: bring(crm, "r8", "r9", external_id="p9"),
    "imported r8 with the mobile of p1": lambda crm, _: bring(crm, "r8", mobile="131"),
    "imported r8 and r9 with the mobile of p9": lambda crm, _: bring(crm, "r8", "r9", mobile="139"),
    "changed r1": lambda crm, _: type_into(crm, "r1", name="typed"),
}

MOVED = [row(1, name="new"), row(2, name="new")]
OURS: dict[str, list[dict[str, object]]] = {
    "moves": MOVED,
    "moves, and on_gone is recreate": MOVED,
    "moves, and a person says retry": MOVED,
    "does not move": [row(1), row(2)],
    "is no longer wanted": [row(2)],
    "is not wanted": [row(2)],
    "is wanted again": [row(1), row(2)],
    "wants p9": [row(1), row(2), row(9)],
    "wants p9 instead": [row(2), row(9)],
}


def cases() -> list[list[str]]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    table = lines[lines.index(HEADING) + 2 :]
    end = next(i for i, line in enumerate(table) if not line.startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[:end]]


def test_the_page_has_everything_that_can_be_told() -> None:
    told = {kind for _, _, kinds, *_ in cases() for kind in kinds.split(", ") if kind}
    assert told == KINDS.keys() - {"unknown_key"}


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case[0]}, {case[1]}: {case[3]}")
def test_the_row_holds(case: list[str], new_world: Callable[..., TestWorld]) -> None:
    people, ours, told, key, planned, why = case
    sync = make_sync(
        match=(("mobile",),),
        on_missing="delete",
        on_gone="recreate" if "recreate" in ours else "hold",
    )
    crm = MergingCrm()
    world = new_world(syncs=[sync], crm=crm)
    world.desire("people", row(1), row(2))
    world.apply()
    PEOPLE[people](crm, world)
    world.desire("people", *OURS[ours])
    with reconciling(world.ledger, world.syncs, world.warehouse) as reconciliation:
        found = reconciliation.reconcile(sync, crm)
        keys = reconciliation.keys()
    assert {kind for kind, count in found.kinds.items() if count} == {*told.split(", ")} - {""}

    selection = Selection()
    if ours == "does not move":
        selection = Selection(keys, again=True)
    if "retry" in ours:
        selection = Selection([key], forced=True)
    with world.engine.planned(world.syncs, selection) as (plan, _):
        said = {
            change.key: (change.operation, change.reason or "")
            for change in plan.changes(sync, EVERY_OPERATION)
        }
    assert said.get(key, ("nothing", "")) == (planned, why)

    world.apply(selection=selection)
    carried = [each.get("external_id") for each in crm.objects["people"].values()]
    if not people.startswith("imported"):
        assert len(carried) == len(set(carried)), "no key is there twice"
    if planned == "update":
        world.apply()
        assert world.plan() == {}


def test_what_people_made_in_place_of_ours_is_never_removed(
    new_world: Callable[..., TestWorld],
) -> None:
    crm = MergingCrm()
    world = new_world(syncs=[make_sync(on_missing="delete")], crm=crm)
    world.desire("people", row(1), row(2))
    world.apply()
    delete(crm, {"external_id": "p1"})
    world.desire("people", row(1, name="李四"), row(2))
    world.apply()
    assert crm.objects["people"]["r8"]["name"] == "李四"
    world.desire("people", row(2))
    world.apply()
    assert "r8" in crm.objects["people"]
