"""One budget in a file: who shares it, what it survives, and that it is never overdrawn."""

import stat
import sys
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from crm.budget_files import Account, BudgetFile, open_store, read_budgets
from crm.errors import ConfigurationError, RetryableError
from crm.processes import Holder
from crm.quota import Quota, Rate, Said
from crm.runtime import Runtime, until

HOUR = 3600.0
MORNING = 1_800_000_000.0  # 2027-01-15, 08:00 UTC


@dataclass
class Machine:
    """A machine's clocks, and the processes that run on it."""

    monotonic: float = 1_000.0
    wall: float = MORNING
    boot: str = "first"
    pids: list[int] = field(default_factory=list)
    started: int = 0

    def runtime(self) -> Runtime:
        return Runtime(
            now=lambda: self.wall,
            monotonic=lambda: self.monotonic,
            sleep=self.pass_time,
            chance=lambda: 0.5,
        )

    def pass_time(self, seconds: float) -> None:
        self.monotonic += seconds
        self.wall += seconds

    def restart(self, seconds: float) -> None:
        """Boot; that takes a while, and the clock that never jumps begins anew."""
        self.boot += "*"
        self.wall += seconds
        self.monotonic = 1.0
        self.pids.clear()

    def start(self, path: Path, rate: Rate, *, host: str = "here") -> Quota:
        """Start a process that draws on a file."""
        self.started += 1
        self.pids.append(self.started)
        about = {"connection": "ours", "budget": "", "rate": asdict(rate)}
        process = Holder(host, self.started, "1")
        return Quota(
            rate,
            self.runtime(),
            BudgetFile(
                path,
                self.runtime(),
                about,
                process=process,
                boot=self.boot,
                is_alive=lambda holder: holder.host != "here" or holder.pid in self.pids,
            ),
        )


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "quota" / "crm.json"


class Interleaved(RuleBasedStateMachine):
    """Two processes draw on one file in any order; a server counts what reaches it, and when.

    It may count a request at any moment between its leaving and its end. Processes are killed,
    the machine is booted, and its time of day set back.
    """

    LIMIT = 4
    WINDOW = 10.0

    @initialize(spaced=st.booleans())
    def begin(self, *, spaced: bool) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "crm.json"
        self.rate = Rate(
            per_window=self.LIMIT,
            window=self.WINDOW,
            per_second=2.0 if spaced else None,
            burst=2,
            per_day=10**6,
        )
        self.machine = Machine()
        self.now = 0.0
        self.counted: list[float] = []
        self.quotas = [self.machine.start(self.path, self.rate) for _ in range(2)]
        self.under_way: list[list[bool]] = [[], []]
        """Of each process's requests, whether the server has counted them."""

    @rule(who=st.integers(0, 1), times=st.integers(1, 6))
    def take(self, who: int, times: int) -> None:
        for _ in range(times):
            if self.quotas[who].try_take() == 0:
                self.under_way[who].append(False)

    @rule(who=st.integers(0, 1))
    def take_when_told_to(self, who: int) -> None:
        if wait := self.quotas[who].try_take():
            self.pass_time(wait)
            wait = self.quotas[who].try_take()
        if not wait:
            self.under_way[who].append(False)

    @rule(who=st.integers(0, 1), times=st.integers(1, 4))
    def arrive(self, who: int, times: int) -> None:
        for _ in range(times):
            if False in self.under_way[who]:
                self.under_way[who][self.under_way[who].index(False)] = True
                self.counted.append(self.now)

    @rule(who=st.integers(0, 1), times=st.integers(1, 4))
    def end(self, who: int, times: int) -> None:
        for _ in range(min(times, len(self.under_way[who]))):
            if not self.under_way[who].pop():
                self.counted.append(self.now)
            self.quotas[who].ended()

    @rule(who=st.integers(0, 1))
    def kill(self, who: int) -> None:
        self.counted += [self.now for is_counted in self.under_way[who] if not is_counted]
        self.under_way[who].clear()
        self.machine.pids[who] = -1
        self.machine.pids = self.machine.pids[:2]
        new = self.machine.start(self.path, self.rate)
        self.machine.pids[who] = self.machine.pids.pop()
        self.quotas[who] = new

    @rule(seconds=st.floats(0, 15))
    def boot(self, seconds: float) -> None:
        for under_way in self.under_way:
            self.counted += [self.now for is_counted in under_way if not is_counted]
            under_way.clear()
        self.machine.restart(seconds)
        self.now += seconds
        self.quotas = [self.machine.start(self.path, self.rate) for _ in range(2)]

    @rule(seconds=st.floats(0, 15))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.machine.pass_time(seconds)

    @rule(seconds=st.floats(0, HOUR))
    def set_back(self, seconds: float) -> None:
        self.machine.wall -= seconds

    @invariant()
    def no_window_holds_more_than_it_may(self) -> None:
        # two clocks are added up here, so a moment is the same within a little
        window = self.WINDOW - 1e-6
        for start in getattr(self, "counted", []):
            held = sum(start <= each < start + window for each in self.counted)
            assert held <= self.LIMIT

    def teardown(self) -> None:
        """What the dead had under way comes free: three windows later there was room for two."""
        for who in range(2):
            self.kill(who)
        taken, ends = 0, self.now + 3.3 * self.WINDOW
        while self.now < ends:
            if wait := self.quotas[0].try_take():
                self.pass_time(wait)
            else:
                taken += 1
                self.quotas[0].ended()
        assert taken >= 2 * self.LIMIT
        self.folder.cleanup()


TestInterleaved = Interleaved.TestCase
TestInterleaved.settings = settings(max_examples=50, stateful_step_count=30)


def test_a_day_and_a_pause_are_everybodys(machine: Machine, path: Path) -> None:
    one, other = (machine.start(path, Rate(per_day=3)) for _ in range(2))
    one.refused(after=60)
    assert other.try_take() == pytest.approx(60)
    machine.pass_time(60)
    for quota in (one, other, one):
        assert quota.try_take() == 0
    assert other.try_take() == pytest.approx(16 * HOUR - 60)
    machine.pass_time(16 * HOUR)
    assert other.try_take() == 0
    other.spent()
    assert one.try_take() > 7 * HOUR


def test_refusals_grow_and_end_for_all(machine: Machine, path: Path) -> None:
    one, other = (machine.start(path, Rate()) for _ in range(2))
    one.refused(None)
    first = other.try_take()
    other.refused(None)
    assert other.try_take() == first, "it was refused for the same reason, not for a new one"
    machine.pass_time(first)
    other.refused(None)
    assert one.try_take() > first
    machine.pass_time(one.try_take())
    assert one.try_take() == 0
    one.accepted()
    other.refused(None)
    assert one.try_take() == pytest.approx(first)


def test_what_the_crm_says_of_its_window_is_heard_by_all(machine: Machine, path: Path) -> None:
    one, other = (machine.start(path, Rate(per_window=100, window=10)) for _ in range(2))
    assert one.try_take() == 0
    # somebody else's requests, of which we learn by what is left
    one.ended(Said(limit=5, remaining=2, window=4.0))
    assert [other.try_take() == 0 for _ in range(3)] == [True, True, False]
    machine.pass_time(4.1)
    assert other.try_take() == 0


@pytest.mark.parametrize("jump", [-HOUR, 0.0])
def test_a_boot_forgets_neither_the_pause_nor_the_day(
    machine: Machine, path: Path, jump: float
) -> None:
    quota = machine.start(path, Rate(per_day=1))
    assert quota.try_take() == 0
    quota.refused(after=600)
    machine.restart(100 + jump)
    after = machine.start(path, Rate(per_day=1))
    passed = 100 if jump == 0 else 0  # a time of day that went back says nothing of what passed
    assert after.try_take() == pytest.approx(600 - passed)
    machine.pass_time(600)
    assert after.try_take() > HOUR


def test_a_day_that_a_wrong_clock_began_ends_with_it(machine: Machine, path: Path) -> None:
    machine.wall += 400 * 24 * HOUR
    quota = machine.start(path, Rate(per_day=1))
    assert quota.try_take() == 0
    machine.wall = MORNING
    assert quota.try_take() == 0
    assert 0 < quota.try_take() <= 24 * HOUR


@pytest.mark.parametrize("host", ["here", "container"])
def test_what_a_dead_process_had_under_way_counts_until_a_window_later(
    machine: Machine, path: Path, host: str
) -> None:
    rate = Rate(per_window=3, window=10)
    dead, other = machine.start(path, rate, host=host), machine.start(path, rate)
    assert [dead.try_take() for _ in range(3)] == [0, 0, 0]
    machine.pass_time(100)
    assert other.try_take() > 0, "it lives, and its requests may still be counted"
    machine.pids.remove(1)
    if host != "here":
        # nobody can look for it; but no request takes that long
        assert other.try_take() < 10
        machine.pass_time(900)
    assert other.try_take() == pytest.approx(10, abs=0.3)
    machine.pass_time(10.3)
    assert other.try_take() == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda line: line[:-40] + b"\n",
        lambda line: line[:40] + b"\0" * 200,
        lambda _line: b"\n",
        lambda _line: b"00000000 {}\n",
        lambda _line: b'%08x {"format": 0}\n' % zlib.crc32(b'{"format": 0}'),
        lambda _line: b"not ours",
    ],
)
def test_what_a_power_cut_spoilt_costs_a_window(
    machine: Machine, path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    quota = machine.start(path, Rate(per_window=1, window=10))
    assert quota.try_take() == 0
    path.write_bytes(spoil(path.read_bytes()))
    assert quota.try_take() == pytest.approx(10)
    quota.ended()
    machine.pass_time(10.3)
    assert quota.try_take() == 0


def test_a_file_that_somebody_removed_is_made_anew(machine: Machine, path: Path) -> None:
    one, other = (machine.start(path, Rate(per_day=2)) for _ in range(2))
    assert one.try_take() == 0
    path.unlink()
    assert [one.try_take(), other.try_take()] == [0, 0]
    assert one.try_take() > 0
    one.ended()
    other.ended()


def test_a_shorter_line_leaves_nothing_of_a_longer_one(machine: Machine, path: Path) -> None:
    rate = Rate(per_window=100, window=10)
    quota = machine.start(path, rate)
    for _ in range(40):
        assert quota.try_take() == 0
        quota.ended()
        machine.pass_time(0.2)
    machine.pass_time(20)
    assert quota.try_take() == 0
    assert machine.start(path, rate).left().in_window == 99


def test_the_file_is_its_owners_and_smaller_than_a_page(machine: Machine, path: Path) -> None:
    quota = machine.start(path, Rate(per_window=10_000, window=60))
    for _ in range(500):
        assert quota.try_take() == 0
        quota.ended()
        machine.pass_time(0.25)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_size < 4096


def test_a_file_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TONGKE_QUOTA", str(tmp_path / "file"))
    account = Account("ours", "https://crm.example.com")
    with pytest.raises(ConfigurationError, match=r"file/crm\.example\.com-\w+\.json.*TONGKE_QUOTA"):
        open_store(account, "", Rate(), Runtime())


def test_an_account_is_told_by_its_address_and_what_identifies_it() -> None:
    ours = Account("ours", "https://crm.example.com:8443/api")
    assert ours.file_name("").startswith("crm.example.com_8443-")
    same = Account("the_same", "https://crm.example.com:8443/api/")
    others = [
        Account("ours", "https://crm.example.com:8443/api", "another"),
        Account("ours", "https://crm.example.com:8443/other"),
    ]
    assert same.file_name("") == ours.file_name("")
    names = {each.file_name(budget) for each in (ours, *others) for budget in ("", "search")}
    assert len(names) == 6
    secret = Account("ours", "https://user:pass@crm.example.com", "pat-na1-secret")
    assert not any(word in secret.file_name("") for word in ("user", "pass", "secret"))


@pytest.fixture
def _hasty_threads() -> Iterator[None]:
    """Let threads get in each other's way as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_hasty_threads")
def test_threads_share_a_file(path: Path) -> None:
    about = {"connection": "ours", "budget": "", "rate": asdict(Rate())}
    quota = Quota(Rate(), Runtime(), BudgetFile(path, Runtime(), about))

    def work() -> None:
        for _ in range(50):
            quota.take()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert quota.left().under_way == 200


def test_a_wait_ends_when_somebody_asks_to_stop() -> None:
    stop = threading.Event()
    quota = Quota(Rate(), Runtime(sleep=until(stop)))
    quota.refused(after=100)
    threading.Timer(0.05, stop.set).start()
    with pytest.raises(RetryableError, match="asked to stop"):
        quota.take()
    assert quota.left().under_way == 0


def test_what_is_left_can_be_read_by_anybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TONGKE_QUOTA", str(tmp_path))
    assert read_budgets() == []
    rate = Rate(per_window=10, window=100.0, per_day=50)
    account = Account("ours", "https://crm.example.com")
    for budget, taken in (("", 3), ("search", 1)):
        quota = Quota(rate, Runtime(), open_store(account, budget, rate, Runtime()))
        for _ in range(taken):
            quota.take()
        quota.ended()
    quota.refused(after=30)
    plain, search = read_budgets()
    assert (plain.connection, plain.budget, search.budget) == ("ours", "", "search")
    assert (plain.left.in_window, plain.left.today, plain.left.under_way) == (7, 47, 2)
    assert plain.left.per_second == pytest.approx(0.1)
    assert (plain.left.paused_for, plain.left.refused_at) == (0, None)
    assert 0 < search.left.paused_for <= 30
    assert search.left.refused_at == pytest.approx(search.used_at, abs=60)
