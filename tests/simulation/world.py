"""One seed, one world: it is set up, runs through its rounds, comes to rest, and is looked at."""

import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import orjson
from sqlalchemy import RowMapping

from crm.answers import AnswerRules
from crm.errors import CrmError
from crm.http import Client
from crm.hubspot import rules as hubspot
from crm.hubspot.crm import HubSpot
from crm.protocol import Crm, RemoteRecord, Written
from crm.quota import Quota, Rate
from crm.selfbuilt.crm import SelfBuilt
from crm.selfbuilt.profile import Profile, load_profile
from crm.selfbuilt.rules import ObjectRules
from crm.sign_in import SignIn, SignInRules
from crm.transport import Request
from crm.values import text
from crm.wukong import rules as wukong
from crm.wukong.crm import Wukong
from reverse_etl.engine import Applied, Engine, Selection
from reverse_etl.errors import HeldByAnotherError, SyncError
from reverse_etl.ledger import Ledger
from reverse_etl.ledger.schema import leases
from reverse_etl.plan import Planner
from reverse_etl.reconciliation.reconcile import reconciling
from reverse_etl.syncs import OnMerged, OnMissing
from sandbox.hubspot.account import Account
from sandbox.hubspot.api import HubSpot as HubSpotSandbox
from sandbox.wukong.api import Wukong as WukongSandbox
from tests.simulation import invariants, undoing
from tests.simulation.clock import SimulatedClock, new_runtime, new_world
from tests.simulation.landscape import Kind, Landscape, Settings, make_syncs
from tests.simulation.late import Late
from tests.simulation.life import ELSEWHERE, Crash, Life, open_ledger
from tests.simulation.loop import Loop
from tests.simulation.network import FAULTS, Network, Weather
from tests.simulation.people import HABITS, People
from tests.simulation.reference import ReferencePlanner
from tests.simulation.reviewing import Desk
from tests.simulation.servers import (
    FORMS,
    Form,
    HubSpotServer,
    LateServer,
    Place,
    SelfBuiltServer,
    Server,
    Store,
)
from tests.simulation.tasks import Tasks
from tests.simulation.warehouse import open_warehouse
from tests.simulation.watcher import REVIEWED, Violation, Watcher
from tests.simulation.wukong import WukongServer

SQL_EVERY = 400
"""Of so many seeds, one plans with the SQL."""
RECONCILE_EVERY = 200
"""Of so many, one reconciles between its rounds; it takes a database as well."""
MOST_RUNS_TO_REST = 12
BETWEEN_RUNS = 0.4
"""How often people answer before, and after, each other thing that they do between two runs."""
AMID = 0.05
"""How often they do before a request of a run."""
DAY = 86_400.0
PROFILES = Path(__file__).parent / "profiles"
RAM = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it


class CachedProfile(Profile):
    """A profile whose objects are compiled once for all worlds."""

    def object(self, name: str, settings: Mapping[str, str]) -> ObjectRules:
        return _compiled(self.where, name, settings["users"])


@cache
def _profile(name: str) -> CachedProfile:
    loaded = load_profile(name if name == "pocketbase" else str(PROFILES / f"{name}.yml"))
    return CachedProfile(**{each: getattr(loaded, each) for each in Profile.__slots__})


@cache
def _compiled(where: str, name: str, users: str) -> ObjectRules:
    return Profile.object(_profile(Path(where).stem), name, {"users": users})


@dataclass(frozen=True)
class Report:
    """What came of a world."""

    seed: int
    violations: tuple[Violation, ...]
    lives: int
    requests: int
    runs: int


@dataclass(frozen=True)
class Connection:
    """How a world's connection is set up."""

    profile: str
    rate: Rate
    max_batch: int
    max_find: int


@dataclass
class SimulatedWorld:
    """A world of one seed."""

    seed: int
    folder: Path
    tell: Callable[[str], None] | None = None
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    is_stopping: Callable[[], bool] = field(default=lambda: False)
    """Asked by the engine: whether somebody wants the run to end."""
    lives: int = 0
    runs: int = 0
    applied: list[Applied] = field(default_factory=list)
    """What the last run said."""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.settings = _settings(self.chance)
        self.forms = dict(self.chance.sample(FORMS, self.chance.choice((0, 0, 1, 2))))
        """The forms in which the CRM keeps values."""
        self.server, self.connection = _server(
            self.settings.kind, self.chance, self.clock, self.forms
        )
        self.watcher = Watcher(self.server.key_field)
        if isinstance(self.server, LateServer):
            self.server.on_job = lambda: self.watcher.look(self.server, "us")
        self.syncs = make_syncs(self.settings)
        self.watcher.on_create = lambda *made: invariants.check_create(self, *made)
        self.people = People(
            self.syncs, self.server, self.watcher, self.chance, self.settings.habits
        )
        self.watcher.is_in_its_form = self._is_in_its_form
        self.desk = Desk(self.chance, self.server.shown)
        if self.settings.is_reviewed:
            self.watcher.is_allowed = self._is_allowed
        loop = Loop() if self.settings.is_loop else None
        self.landscape = Landscape(self.syncs, self.watcher, self.people, self.chance, loop)
        self.is_busy = True
        """Whether people are at work."""
        self.weather = Weather()
        self.uses_sql = self.seed % SQL_EVERY == 1
        self.reconciles = self.seed % RECONCILE_EVERY == 2
        self.path = self.folder / f"{self.seed}.sqlite"
        self._begin_life(None)

    def trace(self, what: str) -> None:
        """Say what happens."""
        if self.tell is not None:
            self.tell(f"{self.clock.time:%d %H:%M:%S.%f} {what}")

    def run(self) -> Report:
        """Run through all of it."""
        self.trace(f"{self.settings}")
        self.trace(f"{self.connection}")
        try:
            self._live()
        except Exception as error:
            if self.tell is not None:
                raise
            self.watcher.violated("no surprises", f"{type(error).__name__}: {error}")
        finally:
            self.ledger.close()
        violations = tuple(dict.fromkeys(self.watcher.violations))
        for each in violations:
            self.trace(f"VIOLATION of {each.invariant}: {each.what}")
        return Report(self.seed, violations, self.lives, self.watcher.requests, self.runs)

    def _live(self) -> None:
        self.landscape.begin()
        for number in range(self.chance.randint(1, 3)):
            if number:
                self._answer(BETWEEN_RUNS)
                self.landscape.go_on()
                self._touch()
            self.clock.sleep(self.chance.choice((60.0, 900.0, DAY)))
            self.weather.chances = _weather(self.chance)
            self.trace(f"round {number}: {self.weather.chances}")
            if self.chance.random() < 0.1:
                self._meet_another_process()
            if number and self.chance.random() < 0.05:
                self._lose_ledger()
            if number and self.reconciles:
                self._reconcile()
            if self.chance.random() < 0.6:
                self.life.fuse = int(self.chance.expovariate(1 / 25))
            self._apply(self._selection())
        self._come_to_rest()
        if self.seed % undoing.EVERY == 0:
            undoing.undo_a_run(self)

    def _come_to_rest(self) -> None:
        self._answer(1.0)
        self.weather.chances, self.weather.storm = {}, ("", 0)
        self.life.fuse = None
        self.is_busy = False
        self.trace("the weather is calm from now on, and people have gone home")
        for _ in range(MOST_RUNS_TO_REST):
            self.clock.sleep(DAY)
            effects = len(self.watcher.effects)
            self._apply(None)
            is_at_rest = effects == len(self.watcher.effects) and all(
                each.problem is None or each.is_stopped for each in self.applied
            )
            if is_at_rest and not any(each.recovered for each in self.applied):
                break
        else:
            self.watcher.violated("comes to rest", f"not after {MOST_RUNS_TO_REST} runs")
        self.clock.sleep(DAY)
        self._build()
        invariants.check_rest(self)

    def _selection(self) -> Selection | None:
        draw = self.chance.random()
        if draw < 0.06:
            return Selection(limit=self.chance.randint(1, 4))
        return Selection(forced=True) if draw < 0.12 else None

    def _apply(self, selection: Selection | None) -> None:
        """One run of the engine; if its process ends in the middle, another one follows."""
        is_asked_to_stop = self.weather.chances and self.chance.random() < 0.1
        calls = self.chance.randint(0, 6) if is_asked_to_stop else None
        self.is_stopping = (lambda: False) if calls is None else _after(calls)
        self._build()
        self.trace(f"run: {selection}")
        self.runs += 1
        is_sure = not self._open_keys()
        self.desk.begin_run(is_sure=is_sure)
        self.watcher.begin_run(is_sure=is_sure)
        try:
            self.applied = self.engine.apply(self.syncs, selection)
        except Crash:
            self._crash()
        except (CrmError, SyncError) as error:
            self.trace(f"it ended with {type(error).__name__}: {error}")
            self.watcher.violated("no surprises", f"{type(error).__name__}: {error}")
        else:
            for each in self.applied:
                self.trace(f"{each.sync.name}: {each.status} {each.tally} {each.problem}")
            invariants.check_run(self)

    def known(self) -> Sequence[RowMapping]:
        """What the ledger knows of records, also when the process that wrote it has ended."""
        is_over, self.life.is_over = self.life.is_over, False
        try:
            with self.ledger.reading() as connection:
                return invariants.RECORDS.execute(connection).mappings().all()
        finally:
            self.life.is_over = is_over

    def _build(self) -> None:
        """Ingest the CRM and the ledger, and build the models."""
        if self.landscape.loop is not None:
            self.landscape.loop.ingest(self.known(), self.watcher.state)

    def _reconcile(self) -> None:
        """Reconcile, and apply what follows from it."""
        self.life.fuse = None
        self._build()
        effects = len(self.watcher.effects)
        with reconciling(self.ledger, self.syncs, self._open_database) as reconciliation:
            results = [
                reconciliation.reconcile(sync, self.engine.connect(sync.destination))
                for sync in self.syncs
            ]
            keys = reconciliation.keys()
        self.trace(f"reconciled: {[each.kinds or each.problem for each in results]}")
        # a job that was handed over may be carried out meanwhile
        if len(self.watcher.effects) != effects and self.settings.kind != "late":
            self.watcher.violated("plans write nothing", "a reconciliation changed the CRM")
        self._apply(Selection(keys, again=True))

    def _meet_another_process(self) -> None:
        """Try to run while another process, which lives, applies one of the syncs."""
        self.life.fuse = None
        sync = self.chance.choice(self.syncs).name
        row = {"sync": sync, "run_id": "theirs", "host": ELSEWHERE, "pid": 1,
               "process_started": "", "taken_at": ""}  # fmt: skip
        with self.ledger.writing() as connection:
            connection.execute(leases.insert().values(row))
        self.trace(f"another process applies {sync}")
        effects = len(self.watcher.effects)
        try:
            self.engine.apply(self.syncs)
        except HeldByAnotherError:
            pass
        else:
            self.watcher.violated("one at a time", f"{sync} was applied by two processes")
        if len(self.watcher.effects) != effects:
            self.watcher.violated("one at a time", "something was written all the same")
        with self.ledger.writing() as connection:
            connection.execute(leases.delete().where(leases.c.run_id == "theirs"))

    def _lose_ledger(self) -> None:
        """Begin with an empty ledger, unless something is under way."""
        if any(self.ledger.unsettled(sync.name) for sync in self.syncs):
            return
        self.trace("the ledger is lost")
        self._build()
        self.ledger.close()
        self.path.unlink()
        self.watcher.forget_us()
        self.desk.forget()
        self.clock.sleep(60.0)
        self._begin_life(None)

    def _crash(self) -> None:
        self.tasks.abandon(self.network.get_one_request_through)
        # what it wrote last it may not have heard of
        self.watcher.ours.clear()
        self.ledger.close()
        is_touched = self.chance.random() < 0.3
        fuse = int(self.chance.expovariate(1 / 10)) if self.chance.random() < 0.3 else None
        self._begin_life(fuse)
        if is_touched:
            self._touch()
        # the quota is counted by the process: a new one doesn't know what the last one sent
        self.clock.sleep(self.chance.choice((15.0, 60.0, 4_000.0)))
        self._apply(None)

    def _touch(self) -> None:
        """Let people work in the CRM, and answer before they do or when they have."""
        self._answer(BETWEEN_RUNS)
        self.people.work(self._under_way(), self._open_keys())
        self._disagree()
        self._answer(BETWEEN_RUNS)

    def _answer(self, how_often: float) -> None:
        """Let people answer, in a process of their own, what they are asked."""
        if self.settings.is_reviewed and self.chance.random() < how_often:
            fuse, self.life.fuse = self.life.fuse, None
            given = len(self.desk.given)
            self.desk.sit_down(self.ledger)
            self.life.fuse = fuse
            for each in self.desk.given[given:]:
                self.trace(f"answered: {each.answer.choice} of {each.asked}")
                if how_often > AMID:
                    self._move_on(each.asked.sync, each.asked.key)

    def _disagree(self) -> None:
        """Let both sides change the field under review of one record: by chance few would."""
        rows = [(name, key) for name, rows in self.landscape.rows.items() for key in rows]
        if self.settings.is_reviewed and rows:
            key = self.chance.choice(rows)
            self.people.type_over(key, REVIEWED, self._under_way())
            self.landscape.move(key, REVIEWED)

    def _move_on(self, name: str, key: str) -> None:
        """Let one of the two values that somebody has just answered about move, now and then."""
        draw = self.chance.random()
        if draw < 0.25:
            self.people.type_over((name, key), REVIEWED, self._under_way())
        elif draw < 0.5:
            self.landscape.move((name, key), REVIEWED)

    def _is_allowed(self, place: Place, theirs: str, ours: str) -> bool:
        """Whether an answer lets us write over what people typed in the field under review."""
        keys = {self.watcher.keyed.get(place, ""), self._key_at_start(place)}
        return self.desk.allows((place[0], REVIEWED), keys, theirs, ours)

    def _is_in_its_form(self, place: Place, name: str, value: str) -> bool:
        """Whether the ledger says that we sent what the CRM shows as this value."""
        sent = (
            orjson.loads(each["sent"]).get(name)
            for each in self.known()
            if (each["sync"], each["remote_id"]) == place
        )
        return any(
            each is not None and text(each) != value == self.server.shown(name, text(each))
            for each in sent
        )

    def _key_at_start(self, place: Place) -> str:
        return self.watcher.at_start[place].get(self.watcher.key_field, "")

    def _meddle(self, request: Request) -> None:
        """Let one of them do something while a run is under way."""
        if self.is_busy:
            self._answer(AMID)
        if not self.is_busy or self.chance.random() >= self.settings.bustle:
            return
        if not self.server.is_amid(request):
            before = self.watcher.state
            self.people.meddle(self._under_way())
            if self.watcher.state is not before:
                self.trace("… meanwhile somebody did something in the CRM")

    def _under_way(self) -> set[Place]:
        """The records that people leave alone, because a job of ours is still to change them."""
        handed_over = set()
        if self.settings.kind == "late":
            # an open batch is handed over again, whatever has been typed there since
            handed_over = {
                (sync.name, each.remote_id or "")
                for sync in self.syncs
                for intent in self.ledger.unsettled(sync.name)
                for each in intent.attempts
            }
        return self.server.under_way() | handed_over

    def _open_keys(self) -> set[tuple[str, str]]:
        """The keys of which nobody knows whether they are in the CRM."""
        with self.ledger.reading() as connection:
            if invariants.OPEN.execute(connection).first() is None:
                return set()
        return {
            (sync.name, each.key)
            for sync in self.syncs
            for intent in self.ledger.unsettled(sync.name)
            for each in intent.attempts
        }

    def _begin_life(self, fuse: int | None) -> None:
        self.lives += 1
        self.life = Life(self.lives, fuse, on_end=lambda where: self.trace(f"CRASH {where}"))
        self.tasks = Tasks(self.life, self.chance)
        world = new_world(self.clock, self.chance.getrandbits(32), self.tasks.first_done)
        self.ledger = open_ledger(self.path, world, self.life)
        self.network = Network(
            self.server, self.weather, self.watcher, self.clock, self.chance, self.life, self.trace,
            self._meddle,
        )  # fmt: skip
        crm = self._connect()
        self.engine = Engine(
            {},
            self.ledger,
            lambda _name: crm,
            self._open_warehouse,
            world,
            new_executor=self.tasks.executor,
            new_planner=Planner if self.uses_sql else _reference_planner,
            is_stopping=lambda: self.is_stopping(),  # noqa: PLW0108 - it changes with each run
            check_builds=False,
        )

    def _connect(self) -> Crm:
        runtime = new_runtime(self.clock, self.chance.getrandbits(32))
        rate = self.connection.rate

        def client(rules: AnswerRules, sign_in: SignInRules, **more: Any) -> Client:
            secrets = {
                "users": "users",
                "identity": "integration",
                "password": "password",
                "access_token": "pat-sandbox",
                "client_id": "sandbox",
                "client_secret": "sandbox-client-secret",
                "refresh_token": "sandbox-refresh-token",
                "username": "tongke",
            }
            return Client(
                "http://crm", rules, SignIn(sign_in, secrets, runtime), Quota(rate, runtime),
                self.network, runtime, **more,
            )  # fmt: skip

        crm: HubSpot | SelfBuilt | Late | Wukong
        if self.settings.kind == "hubspot":
            budgets = {
                hubspot.SEARCH: Quota(hubspot.SEARCH_RATE, runtime),
                hubspot.ASSOCIATIONS: Quota(hubspot.ASSOCIATIONS_RATE, runtime),
            }
            auth = hubspot.oauth() if self.connection.profile == "oauth" else hubspot.PRIVATE_APP
            linked = {
                "associations.contacts": ["companies"],
                "associations.tickets": ["companies", "contacts"],
            }
            options = hubspot.Options(
                lambda key: linked.get(key, []), page_size=3, in_flight=rate.in_flight
            )
            crm = HubSpot(client(hubspot.ANSWERS, auth, budgets=budgets), options)
        elif isinstance(self.server, WukongServer):
            takes_many = self.server.sandbox.account.switches.is_takes_many
            rules = wukong.SIGN_IN_ANSWERS
            crm = Wukong(
                client(
                    wukong.ANSWERS, wukong.sign_in("pc"), sign_in_rules=rules, has_one_session=True
                ),
                wukong.Options(
                    values_per_search=self.connection.max_find if takes_many else 1,
                    page_size=3,
                    read_lag=wukong.READ_LAG,
                    in_flight=rate.in_flight,
                ),
            )
        elif self.settings.kind == "late":
            crm = Late(client(AnswerRules(), SignInRules()))
        else:
            profile = _profile(self.connection.profile)
            check = profile.check_call.make({"users": "users"}) if profile.check_call else None
            crm = SelfBuilt(
                profile, client(profile.answers, profile.sign_in, check=check), {"users": "users"}
            )
        limits = crm.capabilities
        crm.capabilities = replace(
            limits,
            max_batch=min(limits.max_batch, self.connection.max_batch),
            max_find=min(limits.max_find, self.connection.max_find),
            in_flight=rate.in_flight,
        )
        for name in ("find", "write", "collect"):
            if hasattr(crm, name):
                setattr(crm, name, self._overheard(getattr(crm, name)))
        return crm

    def _overheard(self, call: Callable[..., Sequence[Any]]) -> Callable[..., Sequence[Any]]:
        """A call of the connection's, noting the records of which it tells the engine."""
        names = {sync.object: sync.name for sync in self.syncs}

        def overheard(object_name: str, *args: Any, **named: Any) -> Sequence[Any]:
            answer = call(object_name, *args, **named)
            told = [each for each in answer if isinstance(each, (RemoteRecord, Written))]
            self.watcher.heard({(names[object_name], each.remote_id) for each in told})
            return answer

        return overheard

    @contextmanager
    def _open_warehouse(self) -> Iterator[Any]:
        if self.uses_sql:
            with self._open_database() as connection:
                yield connection
        else:
            yield self.landscape.models()

    @contextmanager
    def _open_database(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(":memory:") as connection:
            open_warehouse(connection, self.syncs, self.landscape.models())
            yield connection


def simulate(seed: int, tell: Callable[[str], None] | None = None) -> Report:
    """The world of one seed, from its beginning to its rest."""
    with tempfile.TemporaryDirectory(dir=RAM if RAM.is_dir() else None) as folder:
        return SimulatedWorld(seed, Path(folder), tell).run()


def _reference_planner(
    models: Any, ledger: Ledger, _scratch: Path, is_stopping: Callable[[], bool]
) -> Planner:
    """What the warehouse opens as isn't a connection here, but the models themselves."""
    return ReferencePlanner(models, ledger, is_stopping)


def _after(calls: int) -> Callable[[], bool]:
    rest = iter([False] * calls)
    return lambda: next(rest, True)


def _settings(chance: random.Random) -> Settings:
    kind: Kind = chance.choice(("selfbuilt", "selfbuilt", "hubspot", "late", "wukong"))
    removes: OnMissing = "archive" if kind == "hubspot" else "delete"
    has_record_ids = chance.random() < 0.4
    merged: tuple[OnMerged, ...] = ("merge", "flag")
    if kind == "hubspot":
        merged = ("merge", "merge", "merge", "keep", "archive")
    return Settings(
        kind,
        objects=chance.choice((1, 2, 2, 3)),
        on_missing=chance.choice(("keep", removes, removes)),
        modes={"contacts": chance.choice(("create_only", "update_only"))}
        if chance.random() < 0.05
        else {},
        is_matching=chance.random() < 0.4,
        has_record_ids=has_record_ids,
        has_redirects=has_record_ids or chance.random() < 0.5,
        merged=chance.choice(merged),
        needs_links=chance.random() < 0.3,
        min_rows=chance.choice((0, 0, 0, 2)),
        declares_length=chance.random() < 0.3,
        on_gone=chance.choice(("hold", "hold", "hold", "recreate")),
        is_loop=chance.random() < 0.4,
        habits=chance.sample(HABITS, chance.choice((0, 0, 1, 2))),
        bustle=chance.choice((0.0, 0.0, 0.0, 0.03, 0.15)),
        is_reviewed=chance.random() < 0.3,
    )


def _server(
    kind: Kind, chance: random.Random, clock: SimulatedClock, forms: Mapping[str, Form]
) -> tuple[Server, Connection]:
    most, window = chance.choice(((None, 10.0), (None, 10.0), (3, 5.0), (10, 10.0)))
    rate = Rate(per_window=most, window=window, in_flight=chance.choice((1, 2, 4)))
    quota = (most, window) if most else None
    profile = ""
    server: Server
    if kind == "hubspot":
        account = Account()
        account.switches.batch_errors = chance.choice(("each", "whole"))
        account.switches.shuffled = chance.random() < 0.5
        account.switches.errors_name_trace_ids = chance.random() < 0.7
        account.switches.merging_makes_an_id = chance.random() < 0.4
        account.switches.merged_ids_lead_on = chance.random() < 0.5
        account.switches.archived_is_404 = chance.random() < 0.3
        account.switches.index_lag = chance.choice((0.0, 0.0, 5.0))
        account.switches.burst = most or 100
        account.switches.burst_window = window
        if chance.random() < 0.1:
            account.switches.daily = chance.randint(20, 60)
        account.switches.token_lifetime = chance.choice((30.0, 1800.0))
        sandbox = HubSpotSandbox(
            account, clock=clock.seconds, chance=random.Random(chance.random())
        )
        server = HubSpotServer(sandbox)
        profile = chance.choice(("oauth", "private_app"))
    elif kind == "wukong":
        wukong_sandbox = WukongSandbox(clock=clock.seconds)
        wukong_sandbox.account.sessions.password = "password"
        switches = wukong_sandbox.account.switches
        switches.index_lag = chance.choice((0.0, 1.0, wukong.READ_LAG - 1.0))
        switches.unique_sees = chance.choice(("database", "index"))
        switches.null_keeps = chance.random() < 0.5
        switches.is_takes_many = chance.random() < 0.5
        switches.missing_is_empty = chance.random() < 0.5
        switches.deleting_nothing_is_ok = chance.random() < 0.5
        switches.gateway_refuses_strangers = chance.random() < 0.3
        switches.messages_name_fields = chance.random() < 0.5
        switches.token_lifetime = chance.choice((30.0, 604_800.0))
        server = WukongServer(wukong_sandbox, quota, forms)
    elif kind == "late":
        store = Store(is_unique=chance.random() < 0.5, forms=forms)
        server = LateServer(
            store, chance.choice((0.0, 30.0, 900.0, 5_000.0)), chance.random() < 0.3, quota
        )
    else:
        store = Store(is_unique=chance.random() < 0.5, forms=forms)
        server = SelfBuiltServer(
            store,
            names_the_bad=chance.random() < 0.7,
            page_cap=chance.choice((2, 1000)),
            token_life=chance.choice((20.0, 3600.0)),
            quota=quota,
        )
        profile = chance.choice(("pocketbase", "posting", "singly"))
    return server, Connection(profile, rate, chance.choice((2, 3, 100)), chance.choice((2, 100)))


def _weather(chance: random.Random) -> dict[str, float]:
    """A few kinds of faults, and how often each strikes: worlds with all of them look alike."""
    kinds = chance.sample(FAULTS, chance.randint(0, 4))
    return {kind: chance.choice((0.03, 0.1, 0.25)) / max(1, len(kinds) / 2) for kind in kinds}
