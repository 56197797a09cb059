"""Start, stop, look at and change the five systems of a demo."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from itertools import chain
from pathlib import Path

import requests

from demo import crm, erp, finance, helpdesk, processes, settings, shop, truth
from demo.layout import REPOSITORY, Home, State
from demo.population import make_population
from demo.vocabulary import SALESPEOPLE

SYSTEMS = ("erp", "helpdesk", "finance", "shop", "crm")
_PORT_ATTEMPTS = 5

Report = Callable[[str], None]
"""Tells whoever is waiting what has just been done."""


def start(home: Home, size: int, seed: int, as_of: date, report: Report) -> State:
    """Make a demo from nothing: end the one that is here, fill five systems, serve two of them."""
    with _made_anew(home, size, seed, as_of):
        _fill(home, size, seed, as_of, report)
    return _state(home)


def start_empty(home: Home, size: int, seed: int, as_of: date) -> State:
    """Serve a helpdesk and a CRM in which there is nobody yet; whoever calls fills the systems."""
    with _made_anew(home, size, seed, as_of):
        passwords = settings.draw_passwords()
        helpdesk.write(home.tracker, passwords.helpdesk, helpdesk.Helpdesk(users=[], issues=[]))
        helpdesk_url = _serve_tracker(home)
        crm_url = _serve_crm(home, passwords.crm[crm.ADMIN_EMAIL])
        crm.set_up(crm_url, passwords.crm, crm.Crm(companies=[], contacts=[]))
        settings.write(home, helpdesk_url, crm_url, passwords)
    return _state(home)


def stop(home: Home) -> list[str]:
    """End the processes that were started here, and return the names of those that still ran."""
    state = home.read_state()
    if state is None:
        return []
    # the last one is started last and ended first
    ended = [name for name, one in reversed(state.processes.items()) if processes.end(one)]
    home.write_state(replace(state, processes={}, urls={}))
    return ended


def running(state: State) -> dict[str, bool]:
    """Say of each server whether it runs."""
    return {name: processes.is_running(process) for name, process in state.processes.items()}


def change(home: Home, system: str) -> str:
    """Make exactly one change at one system, and return what it was."""
    state = home.read_state()
    if state is None:
        raise FileNotFoundError(f"there is no demo in {home.folder}; start one first")
    now = datetime.now(UTC)
    passwords = settings.read_passwords(home)
    match system:
        case "erp":
            return erp.change(home.erp, now)
        case "finance":
            return finance.change(home.finance, now)
        case "shop":
            return shop.change(home.shop, now)
        case "helpdesk":
            return helpdesk.change(_url(state, "helpdesk"), passwords.helpdesk[helpdesk.AGENT_USER])
        case "crm":
            email = crm.salesperson_email(SALESPEOPLE[0][1])
            return crm.change(_url(state, "crm"), email, passwords.crm[email], now)
        case _:
            raise ValueError(f"no system is called {system}; there are {', '.join(SYSTEMS)}")


RETITLING = ("erp", "crm")
"""Where a contact's job title can be changed."""


def retitle(home: Home, system: str) -> str:
    """Change the featured contact's job title at one system, and return what it was."""
    if system == "erp":
        return erp.retitle(home.erp, datetime.now(UTC))
    email = crm.salesperson_email(SALESPEOPLE[0][1])
    return crm.retitle(url(home, "crm"), email, settings.read_passwords(home).crm[email])


def url(home: Home, name: str) -> str:
    """Return the address of a server that was started and still runs."""
    state = home.read_state()
    if state is None:
        raise FileNotFoundError(f"there is no demo in {home.folder}; start one first")
    return _url(state, name)


def _fill(home: Home, size: int, seed: int, as_of: date, report: Report) -> None:
    passwords = settings.draw_passwords()
    population = make_population(size, seed, as_of)
    report(f"{len(population.people):,} people and {len(population.companies):,} companies")

    books = erp.make_erp(population)
    erp.write(home.erp, books)
    report(
        f"erp: {len(books.customers):,} customers, {books.contact_count:,} contacts,"
        f" {len(books.orders):,} orders in an SQLite database"
    )
    known = [list(books.truth())]

    ledgers = finance.make_finance(population, books)
    del books
    finance.write(home.finance, ledgers)
    known.append(list(ledgers.truth()))
    report(f"finance: {len(ledgers.invoices):,} invoices in monthly workbooks")
    del ledgers

    exports = shop.make_shop(population)
    shop.write(home.shop, exports)
    known.append(list(exports.truth()))
    report(f"shop: {len(known[-1]):,} orders in {len(exports.days):,} GB18030 files")
    del exports

    tickets = helpdesk.make_helpdesk(population)
    helpdesk.write(home.tracker, passwords.helpdesk, tickets)
    helpdesk_url = _serve_tracker(home)
    known.append(list(tickets.truth()))
    report(
        f"helpdesk: {len(tickets.users):,} users and {len(tickets.issues):,} tickets"
        f" in a Roundup tracker at {helpdesk_url}"
    )

    typed = crm.make_crm(population)
    crm_url = _serve_crm(home, passwords.crm[crm.ADMIN_EMAIL])
    crm.set_up(crm_url, passwords.crm, typed)
    known.append(list(typed.truth()))
    report(
        f"crm: {len(typed.companies):,} companies and {len(typed.contacts):,} contacts,"
        f" typed by salespeople, in PocketBase at {crm_url}"
    )
    truth.write(home.truth, chain.from_iterable(known))
    settings.write(home, helpdesk_url, crm_url, passwords)


def _serve_tracker(home: Home) -> str:
    folder = home.tracker.resolve()

    def command(port: int) -> list[str]:
        # the tracker has to know under which address it is seen
        helpdesk.move(folder, f"http://127.0.0.1:{port}/")
        return [sys.executable, "-m", "demo.tracker_server", str(folder), str(port)]

    return _serve(home, "helpdesk", command, is_ready="rest")


_ENVIRONMENT = {
    "PYTHONPATH": str(REPOSITORY),
    # PocketBase, whose heap is small, would spend a fifth of its CPU on collecting garbage
    "GOGC": "400",
}


def _serve_crm(home: Home, admin_password: str) -> str:
    pocketbase = _pocketbase()
    data = ["--dir", str(home.crm.resolve())]
    # the password is an argument for the fifth of a second that this takes; a server
    # without an administrator would open a browser to have one made
    subprocess.run(  # noqa: S603  the command is ours
        [pocketbase, "superuser", "upsert", crm.ADMIN_EMAIL, admin_password, *data],
        check=True,
        capture_output=True,
    )

    def command(port: int) -> list[str]:
        return [pocketbase, "serve", "--http", f"127.0.0.1:{port}", *data, "--automigrate=false"]

    return _serve(home, "crm", command, is_ready="api/health")


def _serve(home: Home, name: str, command: Callable[[int], list[str]], is_ready: str) -> str:
    """Start a server, wait until it answers, and return its address.

    Another program may take the port between our choice and the server's start; then it is
    tried again with another one.
    """
    for _ in range(_PORT_ATTEMPTS):
        port = processes.free_port()
        url = f"http://127.0.0.1:{port}/"
        process = processes.start(command(port), home.log(name), _ENVIRONMENT)
        # before anything else, so that whatever happens next, `stop` knows of it
        _record(home, name, process, url)
        if processes.wait_until(process, partial(_answers, url + is_ready)):
            return url
        processes.end(process)
    last_words = home.log(name).read_text(encoding="utf-8", errors="replace")[-500:]
    raise RuntimeError(f"the {name} server doesn't start; it said: {last_words}")


def _answers(url: str) -> bool:
    try:
        # any answer will do, a refusal as well
        requests.get(url, timeout=5)
    except requests.ConnectionError:
        return False
    return True


def _record(home: Home, name: str, process: processes.Process, url: str) -> None:
    state = _state(home)
    home.write_state(
        replace(
            state,
            urls={**state.urls, name: url},
            processes={**state.processes, name: process},
        )
    )


def _state(home: Home) -> State:
    state = home.read_state()
    if state is None:
        raise RuntimeError(f"{home.folder} vanished while it was being filled")
    return state


def _url(state: State, name: str) -> str:
    if not running(state).get(name, False):
        raise RuntimeError(f"the {name} server isn't running; start the demo first")
    return state.urls[name]


def _pocketbase() -> str:
    """Find the server's binary: beside the Python that runs this, or on the PATH."""
    beside = Path(sys.executable).with_name("pocketbase")
    found = str(beside) if beside.exists() else shutil.which("pocketbase")
    if found is None:
        raise FileNotFoundError("pocketbase isn't installed; `make setup` installs it")
    return found


@contextmanager
def _made_anew(home: Home, size: int, seed: int, as_of: date) -> Iterator[None]:
    """An empty folder to fill; end what was started if that fails or is interrupted."""
    stop(home)
    home.clear()
    home.folder.mkdir(parents=True)
    home.write_state(State(size, seed, as_of.isoformat(), urls={}, processes={}))
    try:
        yield
    except BaseException:
        stop(home)
        raise
