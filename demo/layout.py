"""Where a demo keeps its things, and the one file that says which processes are ours."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from demo.processes import Process

REPOSITORY = Path(__file__).resolve().parent.parent
DEFAULT_HOME = Path("var/demo")


@dataclass(frozen=True)
class Home:
    """The folder of one demo."""

    folder: Path

    @property
    def erp(self) -> Path:
        """The ERP's database."""
        return self.folder / "erp.sqlite"

    @property
    def tracker(self) -> Path:
        """The helpdesk's tracker."""
        return self.folder / "tracker"

    @property
    def finance(self) -> Path:
        """The folder of the finance department's workbooks."""
        return self.folder / "finance"

    @property
    def shop(self) -> Path:
        """The folder into which the shop drops its exports."""
        return self.folder / "shop"

    @property
    def crm(self) -> Path:
        """The CRM server's data."""
        return self.folder / "crm"

    @property
    def truth(self) -> Path:
        """Which record is of whom."""
        return self.folder / "truth.csv"

    @property
    def settings(self) -> Path:
        """The folder of settings that dlt finds through DLT_PROJECT_DIR."""
        return self.folder / ".dlt"

    @property
    def warehouse(self) -> Path:
        """The warehouse that `run` builds."""
        return self.folder / "warehouse.duckdb"

    @property
    def ledger(self) -> Path:
        """The ledger of what `run` sent."""
        return self.folder / "ledger.sqlite"

    @property
    def pipelines(self) -> Path:
        """What dlt remembers between runs."""
        return self.folder / "pipelines"

    @property
    def quota(self) -> Path:
        """Where what is left of the CRM's quota is kept."""
        return self.folder / "quota"

    def log(self, name: str) -> Path:
        """The log of one of the servers."""
        return self.folder / f"{name}.log"

    @property
    def _state(self) -> Path:
        return self.folder / "state.json"

    def read_state(self) -> "State | None":
        """Read what was started here; None if nothing ever was."""
        if not self._state.exists():
            return None
        content: dict[str, Any] = json.loads(self._state.read_text(encoding="utf-8"))
        processes = {name: Process(**value) for name, value in content.pop("processes").items()}
        return State(**content, processes=processes)

    def write_state(self, state: "State") -> None:
        """Write what was started here, in one step: a reader sees the old state or the new one."""
        draft = self._state.with_suffix(".part")
        draft.write_text(json.dumps(asdict(state), indent=2) + "\n", encoding="utf-8")
        draft.replace(self._state)

    def clear(self) -> None:
        """Remove the demo that is here; refuse if what is here isn't one."""
        if not self.folder.exists():
            return
        if self.read_state() is None and any(self.folder.iterdir()):
            raise FileExistsError(
                f"{self.folder} isn't empty and holds no demo; name another folder"
            )
        shutil.rmtree(self.folder)


@dataclass(frozen=True)
class State:
    """What was started: how large, by what seed, on what day, and as which processes."""

    size: int
    seed: int
    as_of: str
    urls: dict[str, str]
    processes: dict[str, Process]
