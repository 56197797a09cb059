"""Random histories of a few dozen records: what can happen to them, so small that it often does.

Values come from short lists, so that every build has people who share a phone, merge, split, and
numbers that become a switchboard or cease to be one.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.identity.crm_changes import CrmChanges

SURNAMES, GIVEN_NAMES = "王李张欧赵", ("伟", "芳", "玮", "小明", "清漪")
LETTERS = {"王": "Wang", "李": "Li", "张": "Zhang", "欧": "Ou", "赵": "Zhao"}
PHONES = [f"1391111{number:04d}" for number in range(9)]
EMAILS = [f"someone{number}@example.com" for number in range(9)]
RESIDENT_IDS = ["11010519491231002X", "440524188001010014"]
BIRTH_DATES = ["1990-01-02", "1985-11-30", "01/02/1990", "22/01/1990", "01/22/1990"]
"""The last two say how the others of their list are to be read; which of them prevails changes."""

ADDRESSES = [
    "上海市浦东新区张江路88号",
    "北京市海淀区中关村大街1号",
    "12 Main Street, Springfield, IL 62701",
]
COMPANIES = [
    "华创科技有限公司",
    "上海华创科技有限公司",
    "华创科技有限责任公司",
    "宏图贸易有限公司",
    "Acme Inc.",
]
TAX_IDS = ["91350100M000100Y43", "91110000600037341L"]

Row = dict[str, Any]


@dataclass
class History:
    """The records as they stand, what people decided of them, and how the CRM came to stand."""

    seed: int
    records: dict[str, Row] = field(default_factory=dict)
    decisions: dict[tuple[str, str], Row] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._serial = 0
        self._gone: list[Row] = []
        self._ids: Mapping[str, str] = {}
        self.crm = CrmChanges(self._random, {"contacts": self._person, "companies": self._company})
        for _ in range(30):
            self._add()

    def go_on(self, ids: Mapping[str, str]) -> None:
        """Let a few things happen, with the ids that the last build gave each record's customer."""
        self._ids = ids
        self.crm.next_day()
        for _ in range(self._random.randint(1, 5)):
            self._random.choice(
                [
                    self._add,
                    self._add,
                    self._change,
                    self._change,
                    self._delete,
                    self._return,
                    self._write,
                    self._write,
                    self._type_in,
                    self._type_in,
                    self._delete_in_crm,
                    self._decide,
                    self._decide,
                    self._take_back,
                    self._crowd,
                    self._disperse,
                ]
            )()

    def rows(self) -> Sequence[Row]:
        """The records, in any order."""
        rows = list(self.records.values())
        self._random.shuffle(rows)
        return rows

    def _add(self) -> None:
        self._serial += 1
        record_id = str(self._serial)
        values = self._company() if self._random.random() < 0.25 else self._person()
        self.records[record_id] = {
            "source_system": "list",
            "source_record_id": record_id,
            "updated_at": "2026-01-01",
            **values,
        }

    def _change(self) -> None:
        if record := self._any_record():
            values = self._person() if record["entity_type"] == "person" else self._company()
            for column in self._random.sample(sorted(values), 2):
                record[column] = values[column]
            record["updated_at"] = f"2026-01-{self._random.randint(2, 28):02d}"

    def _delete(self) -> None:
        if record := self._any_record():
            self._gone.append(self.records.pop(record["source_record_id"]))

    def _return(self) -> None:
        """A record that was deleted is there again, as it was."""
        if self._gone:
            record = self._gone.pop(self._random.randrange(len(self._gone)))
            self.records[record["source_record_id"]] = record

    def _write(self) -> None:
        record = self._any_record()
        if record and (entity_id := self._ids.get(f"list:{record['source_record_id']}")):
            is_person = record["entity_type"] == "person"
            self.crm.write("contacts" if is_person else "companies", entity_id, record)

    def _type_in(self) -> None:
        self.crm.type_in(self._random.choice(["contacts", "contacts", "companies"]))

    def _delete_in_crm(self) -> None:
        self.crm.delete(self._random.choice(["contacts", "companies"]))

    def _crowd(self) -> None:
        """A number on many people's records: a switchboard begins."""
        phone = self._random.choice(PHONES[:2])
        for _ in range(3):
            self._add()
            self.records[str(self._serial)]["phone"] = phone

    def _disperse(self) -> None:
        """Most of those who share a number get another: a switchboard ends."""
        phone = self._random.choice(PHONES[:2])
        for record in self.records.values():
            if record["phone"] == phone and self._random.random() < 0.7:
                record["phone"] = self._random.choice(PHONES[2:])

    def _decide(self) -> None:
        """On any two, whether they were asked about or not."""
        entity_type = self._random.choice(["person", "person", "company"])
        keys = [key for key, entity_id in self._ids.items() if entity_id.startswith(entity_type)]
        one, other = sorted(self._random.sample(sorted(keys), 2))
        self.decisions[one, other] = {
            "entity_type": entity_type,
            "record_key": one,
            "other_record_key": other,
            "verdict": self._random.choice(["same", "different"]),
            "decided_by": "somebody",
            "decided_at": "2026-02-01 10:00:00",
            "probability": "0.5000",
        }

    def _take_back(self) -> None:
        if self.decisions:
            del self.decisions[self._random.choice(sorted(self.decisions))]

    def _any_record(self) -> Row | None:
        keys = sorted(self.records)
        return self.records[self._random.choice(keys)] if keys else None

    def _maybe(self, values: Sequence[str], share: float) -> str | None:
        return self._random.choice(values) if self._random.random() < share else None

    def _person(self) -> Row:
        surname, given_name = self._random.choice(SURNAMES), self._random.choice(GIVEN_NAMES)
        name = self._random.choice(
            [
                surname + given_name,
                surname + given_name,
                surname + "先生",
                LETTERS[surname] + " Wei",
                None,
            ]
        )
        return {
            "entity_type": "person",
            "full_name": name,
            "phone": self._maybe(PHONES, 0.6),
            "email": self._maybe(EMAILS, 0.4),
            "national_id": self._maybe(RESIDENT_IDS, 0.1),
            "birth_date": self._maybe(BIRTH_DATES, 0.3),
            "address": self._maybe(ADDRESSES, 0.4),
            "company_name": self._maybe(COMPANIES, 0.3),
        }

    def _company(self) -> Row:
        return {
            "entity_type": "organisation",
            "company_name": self._random.choice(COMPANIES),
            "tax_id": self._maybe(TAX_IDS, 0.3),
            "phone": self._maybe(PHONES, 0.5),
            "email": self._maybe(EMAILS, 0.3),
            "address": self._maybe(ADDRESSES, 0.4),
        }
