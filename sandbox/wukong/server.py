"""One server: its modules, users and switches."""

from collections import deque
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from sandbox.wukong.fields import Field
from sandbox.wukong.problems import NOWHERE, TOO_FREQUENT, Problem
from sandbox.wukong.sessions import Sessions
from sandbox.wukong.store import Module
from sandbox.wukong.switches import Switches

ID_NAMES = {
    "leads": "leadsId",
    "customer": "customerId",
    "contacts": "contactsId",
    "product": "productId",
    "business": "businessId",
    "contract": "contractId",
}
LABELS = {"1": "leads", "2": "customer", "3": "contacts", "4": "product"}
LABELS |= {"5": "business", "6": "contract"}
PREFIXES = {f"crm{name.capitalize()}": name for name in ID_NAMES}


class Server:
    """All that a sandbox holds."""

    def __init__(self, switches: Switches | None = None) -> None:
        self.switches = switches or Switches()
        self.sessions = Sessions(self.switches)
        self.modules = {
            name: Module(name, id_name, self.switches) for name, id_name in ID_NAMES.items()
        }
        self.reads = 0
        self.writes = 0
        self.refused = 0
        self.new_id: Callable[[], int] = count(1).__next__
        self._lately: deque[float] = deque()

    def module(self, name: str) -> Module:
        """The module of this name.

        Raises:
            Problem: there is none.
        """
        if name not in self.modules:
            raise Problem(NOWHERE, f"there is no module {name}")
        return self.modules[name]

    def empty(self, name: str) -> None:
        """Remove all records of a module; its fields stay."""
        self.modules[name].records.clear()
        self.modules[name].reindex()

    def admit(self, now: float) -> None:
        """Count a request.

        Raises:
            Problem: it is one too many of this second.
        """
        while self._lately and self._lately[0] <= now - 1:
            self._lately.popleft()
        if self.switches.per_second and len(self._lately) >= self.switches.per_second:
            self.refused += 1
            raise Problem(TOO_FREQUENT, "请求过于频繁")
        self._lately.append(now)

    def as_data(self) -> dict[str, Any]:
        """What is worth keeping, as JSON."""
        return {
            name: {
                "fields": [each.as_data() for each in module.fields.values()],
                "records": list(module.records.values()),
            }
            for name, module in self.modules.items()
        }

    def save(self, path: Path) -> None:
        """Write it to a file, whole or not at all."""
        part = path.with_name(path.name + ".part")
        part.write_bytes(orjson.dumps(self.as_data(), option=orjson.OPT_INDENT_2))
        part.replace(path)

    def load(self, path: Path) -> None:
        """Take up what was saved."""
        last = 0
        for name, said in orjson.loads(path.read_bytes()).items():
            module = self.modules[name]
            module.fields = {each["field_name"]: Field(**each) for each in said["fields"]}
            module.records = {each[module.id_name]: each for each in said["records"]}
            module.reindex()
            last = max([last, *module.records])
        self.new_id = count(last + 1).__next__
