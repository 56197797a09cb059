"""The helpdesk: a Roundup tracker of the classic template, its issues extended by a requester.

Customers are users of the tracker who can't sign in; issues are their tickets.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

import requests
from roundup import date as roundup_date
from roundup import init as roundup_init
from roundup import instance, password
from roundup.admin import AdminTool

from demo import truth
from demo.habits import Habits, Typist
from demo.people import Person
from demo.population import SHANGHAI, Population
from demo.timeline import busy_days, moment
from demo.vocabulary import PRODUCTS, SHOP_PRODUCTS, TICKET_TITLES

TICKETS_PER_PERSON = 1.5
HABITS = Habits(
    honorific=0.02,
    latin=0.18,
    traditional=0.02,
    spaced=0.04,
    dressed_phone=0.35,
    full_width=0.01,
    shouted_email=0.12,
    sloppy_company=0.6,
    placeholder=0.04,
    missing=0.25,
    company_phone=0.04,
)
# the classic template's own; the last two are the closed ones
OPEN_STATUSES = ("unread", "chatting", "need-eg", "in-progress", "testing", "deferred")
CLOSED_STATUSES = ("resolved", "done-cbb")
PRIORITIES = ("critical", "urgent", "bug", "feature", "wish")
INTEGRATION_USER = "integration"
AGENT_USER = "kefu01"
FIRST_CUSTOMER_ID = 10
"""Below are admin, anonymous and those who work at the helpdesk."""

_SCHEMA_ANCHOR = '                status=Link("status"))\n'
_SCHEMA_REQUESTER = (
    '                status=Link("status"),\n                requester=Link("user"))\n'
)
_SCHEMA_ROLE = """
# the account with which the warehouse reads: everything it needs, and nothing to write
db.security.addRole(name='Integration', description='reads users and issues')
for permission in 'Web Access', 'Rest Access':
    db.security.addPermissionToRole('Integration', permission)
for cl in 'issue', 'user', 'priority', 'status', 'keyword', 'msg', 'file':
    db.security.addPermissionToRole('Integration', 'View', cl)
"""


@dataclass(frozen=True, slots=True)
class User:
    """A customer as the tracker knows one, and who it is."""

    user_id: int
    person: Person
    username: str
    realname: str
    address: str
    phone: str
    organisation: str
    created_at: datetime
    is_retired: bool


@dataclass(frozen=True, slots=True)
class Issue:
    """A ticket."""

    issue_id: int
    requester: User
    title: str
    status: str
    priority: str
    created_at: datetime
    active_at: datetime
    is_retired: bool


@dataclass(frozen=True)
class Helpdesk:
    """Everything the tracker holds. Times are on a clock in Shanghai; the tracker's are in UTC."""

    users: list[User]
    issues: list[Issue]

    def truth(self) -> Iterator[truth.Truth]:
        """Say who these users are."""
        for user in self.users:
            yield truth.person("helpdesk", f"user:{user.user_id}", user.person.entity)


def make_helpdesk(population: Population) -> Helpdesk:
    """Make what the tracker holds of a population."""
    rng = population.stream("helpdesk")
    users = _users(rng, population)
    weights = list(accumulate(0 if user.is_retired else rng.paretovariate(1.4) for user in users))
    issues: list[Issue] = []
    total = round(population.size * TICKETS_PER_PERSON)
    for day, count in busy_days(total, population.first_day, population.as_of):
        for created_at in sorted(moment(rng, day) for _ in range(count)):
            requester = rng.choices(users, cum_weights=weights)[0]
            issues.append(_issue(rng, population, len(issues) + 1, requester, created_at))
    return Helpdesk(users=users, issues=issues)


def write(home: Path, passwords: dict[str, str], helpdesk: Helpdesk) -> None:
    """Install a tracker and fill it.

    `passwords` are those of admin, of the integration and of the agent, who exist besides.
    """
    _install(home)
    tracker = instance.open(str(home))
    tracker.init(password.Password(passwords["admin"], config=tracker.config))
    database = tracker.open("admin")
    try:
        staff = {INTEGRATION_USER: "Integration", AGENT_USER: "User"}
        for number, (username, role) in enumerate(staff.items(), start=3):
            _add_staff(database, number, username, role, passwords[username])
        database.commit()
    finally:
        database.close()
    add(home, helpdesk)


def add(home: Path, helpdesk: Helpdesk) -> None:
    """Put users and issues into a tracker, in one transaction and in the order given."""
    database = instance.open(str(home)).open("admin")
    try:
        statuses = {name: database.status.lookup(name) for name in OPEN_STATUSES + CLOSED_STATUSES}
        priorities = {name: database.priority.lookup(name) for name in PRIORITIES}
        agent = database.user.lookup(AGENT_USER)
        for user in helpdesk.users:
            stamps = _stamps(user.created_at, user.created_at, agent)
            _add(
                database,
                "user",
                user.user_id,
                _user_values(user) | stamps,
                is_retired=user.is_retired,
            )
        for issue in helpdesk.issues:
            values = {
                "title": issue.title,
                "status": statuses[issue.status],
                "priority": priorities[issue.priority],
                "requester": str(issue.requester.user_id),
                "assignedto": agent,
                "nosy": [],
                "messages": [],
                "files": [],
                "superseder": [],
                "keyword": [],
            } | _stamps(issue.created_at, issue.active_at, agent)
            _add(database, "issue", issue.issue_id, values, is_retired=issue.is_retired)
        for name in ("user", "issue"):
            # the tracker goes on counting behind the last of them
            last = max(map(int, database.getclass(name).getnodeids()), default=0)
            database.setid(name, str(last + 1))
        database.commit()
    finally:
        database.close()


def move(home: Path, url: str) -> None:
    """Tell a tracker under which address it will be served."""
    path = home / "config.ini"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(?m)^web = .*$", f"web = {url}", text), encoding="utf-8")


def change(url: str, agent_password: str) -> str:
    """Let the agent open a ticket for the featured asker, over the tracker's own API."""
    with requests.Session() as session:
        session.auth = (AGENT_USER, agent_password)
        # what Roundup asks for against forged requests
        session.headers.update(
            {"Origin": url.rstrip("/"), "Referer": url, "X-Requested-With": "rest"}
        )
        asker = FIRST_CUSTOMER_ID + 1
        title = "发货地址写错了，请尽快联系我"
        answer = session.post(
            f"{url}rest/data/issue",
            json={
                "title": title,
                "requester": str(asker),
                "status": "unread",
                "priority": "urgent",
            },
            timeout=30,
        )
        answer.raise_for_status()
        number = answer.json()["data"]["id"]
        named = session.get(f"{url}rest/data/user/{asker}", timeout=30).json()
    realname = named["data"]["attributes"]["realname"]
    return f"user {asker} ({realname}) has a new open ticket {number}: {title}"


def _users(rng: Random, population: Population) -> list[User]:
    typist = Typist(rng, HABITS)
    users: list[User] = []
    usernames: set[str] = set()
    days = (population.as_of - population.first_day).days
    for person in population.known_to("helpdesk"):
        # a few register anew, because they forgot that they had
        registrations = 2 if len(users) > 1 and rng.random() < 0.04 else 1
        for _ in range(registrations):
            registered_on = population.first_day + timedelta(days=rng.randrange(-300, days - 5))
            reach = typist.reach(person, registered_on, at_work=person.company is not None)
            latin = f"{person.latin_given}.{person.latin_surname}".lower().replace(" ", "")
            username = latin if latin not in usernames else f"{latin}.{len(users)}"
            usernames.add(username)
            organisation = ""
            if person.company is not None and rng.random() < 0.7:
                organisation = typist.company(person.company)
            users.append(
                User(
                    user_id=FIRST_CUSTOMER_ID + len(users),
                    person=person,
                    username=username,
                    realname=typist.name(person),
                    address=reach.email,
                    phone=reach.phone,
                    organisation=organisation,
                    created_at=moment(rng, registered_on),
                    is_retired=len(users) > 1 and rng.random() < 0.01,
                )
            )
    return users


def _issue(
    rng: Random, population: Population, issue_id: int, requester: User, created_at: datetime
) -> Issue:
    age = (population.last_moment - created_at).days
    is_open = rng.random() < (0.7 if age < 7 else 0.15 if age < 60 else 0.01)
    product = rng.choice(PRODUCTS)[1] if requester.person.company else rng.choice(SHOP_PRODUCTS)[0]
    active_at = created_at + timedelta(minutes=rng.randrange(10 * 24 * 60))
    return Issue(
        issue_id=issue_id,
        requester=requester,
        title=rng.choice(TICKET_TITLES).format(product=product),
        status=rng.choice(OPEN_STATUSES if is_open else CLOSED_STATUSES),
        priority=rng.choices(PRIORITIES, (1, 3, 8, 3, 2))[0],
        created_at=created_at,
        active_at=min(active_at, population.last_moment),
        is_retired=rng.random() < 0.01,
    )


def _install(home: Path) -> None:
    template = AdminTool().listTemplates()["classic"]["path"]
    settings = {
        "RDBMS_BACKEND": "sqlite",
        "TRACKER_WEB": "http://127.0.0.1/",
        # Roundup changes the mask of every process that opens a tracker
        "UMASK": "0o022",
        "MAIL_DOMAIN": "tongke.example",
        "MAIL_HOST": "127.0.0.1",
        # mail goes into a file, never out of the machine
        "MAIL_DEBUG": str(home / "mail.txt"),
        # every request of a script signs in anew; the passwords are long and random,
        # so a slow hash protects nothing and would cost 0.2 s each time
        "PASSWORD_PBKDF2_DEFAULT_ROUNDS": "10000",
    }
    roundup_init.install(str(home), template, settings=settings)
    schema = home / "schema.py"
    text = schema.read_text(encoding="utf-8")
    if _SCHEMA_ANCHOR not in text:
        raise RuntimeError("Roundup's classic template has changed: issue.status not found")
    extended = text.replace(_SCHEMA_ANCHOR, _SCHEMA_REQUESTER) + _SCHEMA_ROLE
    schema.write_text(extended, encoding="utf-8")


def _add_staff(database: Any, user_id: int, username: str, role: str, secret: str) -> None:
    """Add somebody who works at the helpdesk, or the integration, and who can sign in."""
    created = database.user.create(
        username=username,
        realname=username,
        address=f"{username}@tongke.example",
        roles=role,
        password=password.Password(secret, config=database.config),
    )
    if created != str(user_id):
        raise RuntimeError(f"the tracker gave {username} the id {created}, not {user_id}")


def _add(
    database: Any, class_name: str, item_id: int, values: dict[str, Any], *, is_retired: bool
) -> None:
    """Add an item as Roundup's own import does: with its id and times, and waking no detector.

    Its words don't go into the full-text index, which commits once a word; nobody searches there.
    """
    node_id = str(item_id)
    database.addnode(class_name, node_id, values)
    database.addjournal(class_name, node_id, "create", {}, values["creator"], values["creation"])
    if is_retired:
        database.getclass(class_name).retire(node_id)


def _user_values(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "realname": user.realname,
        "address": user.address or None,
        "phone": user.phone or None,
        "organisation": user.organisation or None,
        "roles": "",
        "queries": [],
    }


def _stamps(created_at: datetime, active_at: datetime, creator: str) -> dict[str, Any]:
    return {
        "creator": creator,
        "actor": creator,
        "creation": _utc(created_at),
        "activity": _utc(active_at),
    }


def _utc(moment_: datetime) -> roundup_date.Date:
    in_utc = moment_.replace(tzinfo=SHANGHAI).astimezone(UTC)
    return roundup_date.Date((*in_utc.timetuple()[:6], 0, 0, 0))
