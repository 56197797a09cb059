"""The command line of the sandboxes: start one, look into it, let things go wrong."""

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Protocol

import orjson
import requests
import typer
from rich.console import Console
from rich.table import Table

from sandbox.faults import FaultError, FaultPlan, read_faults
from sandbox.hubspot.api import HubSpot
from sandbox.messages import CONTROL, Answer, Request
from sandbox.serving import LOOPBACK, serve
from sandbox.wukong.api import Wukong

ASK_TIMEOUT = 30.0

app = typer.Typer(rich_markup_mode="markdown")


class Format(StrEnum):
    """How a command prints."""

    TABLE = "table"
    JSON = "json"


class Held(Protocol):
    """What a sandbox holds."""

    switches: Any

    def load(self, path: Path) -> None:
        """Take up what was saved."""

    def save(self, path: Path) -> None:
        """Write it to a file."""


class Sandbox(Protocol):
    """A sandbox, as the commands know it."""

    faults: FaultPlan

    @property
    def account(self) -> Held:
        """What it holds."""

    @property
    def ways_in(self) -> Mapping[str, str]:
        """What one signs in with."""

    def __call__(self, request: Request) -> Answer:
        """Answer a request."""


class Name(StrEnum):
    """Whose CRM it is a sandbox of."""

    HUBSPOT = "hubspot"
    WUKONG = "wukong"


_MADE_BY: Mapping[Name, Callable[[], Sandbox]] = {Name.HUBSPOT: HubSpot, Name.WUKONG: Wukong}
_PORTS = {Name.HUBSPOT: 8920, Name.WUKONG: 8921}


@app.command()
def sandbox(
    name: Annotated[Name, typer.Argument(metavar="CRM", help="hubspot, or wukong (悟空CRM).")],
    *,
    port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            help="Where it is, on 127.0.0.1; 8920 for HubSpot and 8921 for 悟空 unless said.",
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="Take up what this file holds, and save it there at the end."),
    ] = None,
    switch: Annotated[
        list[str] | None,
        typer.Option(help="How it behaves where nobody is sure how the vendor's does: NAME=VALUE."),
    ] = None,
    faults: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|JSON",
            help="What shall go wrong; of one that is running, if there is.",
        ),
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="What the one that is running holds.")
    ] = False,
    object_name: Annotated[
        str | None, typer.Option("--object", help="With --show: this object's records.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="With --object: how many records.")
    ] = 20,
    format_: Annotated[
        Format, typer.Option("--format", help="A table for people, JSON for programs.")
    ] = Format.TABLE,
) -> None:
    """Start a sandbox of a CRM, until Ctrl-C; or look into the one that is running.

    It is a local server that behaves as the vendor's documents say.

    Example: `reverse-etl sandbox hubspot --port 8920 --file var/hubspot.json`
    """
    port = port or _PORTS[name]
    url = f"http://{LOOPBACK}:{port}"
    plan = _read_plan(faults)
    if show:
        _show(url, object_name, limit, format_)
        return
    switches = _read_switches(switch or [])
    if (plan or switches) and _is_there(url):
        if plan:
            _ask("POST", f"{url}/{CONTROL}/faults", plan)
        said = _ask("PATCH", f"{url}/{CONTROL}/switches", switches)
        _print({"url": url, "faults": said["faults"], "switches": said["switches"]}, format_)
        return
    made = _MADE_BY[name]()
    _set(made, switches, plan)
    if file is not None and file.exists():
        made.account.load(file)
    _print({"url": url, **made.ways_in, "stop": "Ctrl-C"}, format_)
    try:
        asyncio.run(_until_asked(made, port))
    except OSError as error:
        raise typer.BadParameter(f"{url} can't be had: {error.strerror}") from None
    if file is not None:
        made.account.save(file)


async def _until_asked(sandbox: Sandbox, port: int) -> None:
    task = asyncio.ensure_future(serve(sandbox, port))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    # asked to stop is no error; a port that is taken is
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


def _read_plan(said: str | None) -> list[Any]:
    """Read a fault plan from a file or from the text itself; what is wrong with it is said now."""
    if said is None:
        return []
    text = said if said.lstrip().startswith(("[", "{")) else _text(Path(said))
    try:
        plan = orjson.loads(text)
        read_faults(plan)
    except orjson.JSONDecodeError as error:
        raise typer.BadParameter(f"--faults: no JSON: {error}") from None
    except FaultError as error:
        raise typer.BadParameter(f"--faults: {error}") from None
    return plan if isinstance(plan, list) else [plan]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"--faults: {path}: {error.strerror}") from None


def _read_switches(said: Sequence[str]) -> dict[str, Any]:
    switches: dict[str, Any] = {}
    for each in said:
        name, is_set, value = each.partition("=")
        if not is_set:
            raise typer.BadParameter("--switch wants NAME=VALUE")
        try:
            switches[name] = orjson.loads(value)
        except orjson.JSONDecodeError:
            switches[name] = value
    return switches


def _set(sandbox: Sandbox, switches: dict[str, Any], plan: list[Any]) -> None:
    try:
        sandbox.account.switches.change(switches)
    except ValueError as error:
        raise typer.BadParameter(f"--switch: {error}") from None
    sandbox.faults.add(read_faults(plan))


def _is_there(url: str) -> bool:
    try:
        return requests.get(f"{url}/{CONTROL}", timeout=ASK_TIMEOUT).ok
    except requests.ConnectionError:
        return False


def _ask(method: str, url: str, body: Any = None) -> dict[str, Any]:
    data = None if body is None else orjson.dumps(body)
    try:
        answer = requests.request(method, url, data=data, timeout=ASK_TIMEOUT)
    except requests.ConnectionError:
        raise typer.BadParameter(f"no sandbox is running at {url}") from None
    said: dict[str, Any] = answer.json()
    if not answer.ok:
        raise typer.BadParameter(str(said.get("message")))
    return said


def _show(url: str, object_name: str | None, limit: int, format_: Format) -> None:
    if object_name is None:
        _print(_ask("GET", f"{url}/{CONTROL}"), format_)
        return
    said = _ask("GET", f"{url}/{CONTROL}/records/{object_name}?limit={limit}")
    records: list[dict[str, Any]] = said["records"]
    if format_ is Format.JSON:
        typer.echo(orjson.dumps(records, option=orjson.OPT_INDENT_2).decode())
        return
    names = dict.fromkeys(name for record in records for name in record)
    table = Table(*names)
    for record in records:
        table.add_row(*(_cell(record.get(name)) for name in names))
    Console().print(table)


def _print(said: Mapping[str, Any], format_: Format) -> None:
    if format_ is Format.JSON:
        typer.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table("what", "", show_header=False)
    for name, value in said.items():
        members = value.items() if isinstance(value, dict) else [("", value)]
        for member, held in members:
            table.add_row(f"{name} {member}".strip(), _cell(held))
    Console().print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
