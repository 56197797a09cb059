"""Between the engine and a CRM: what can go wrong with a request does so, by chance."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from crm.transport import Answer, CutOffError, NotSentError, Request
from tests.simulation.clock import SimulatedClock
from tests.simulation.life import Crash, Life
from tests.simulation.servers import Server
from tests.simulation.watcher import Watcher

FAULTS = (
    "not sent",  # no connection
    "lost",  # it leaves, and doesn't arrive
    "answer lost",  # it is carried out, and nobody hears of it
    "answer short",  # it is carried out, and the answer breaks off
    "answer torn",  # it is carried out, and a gateway passes half of the answer on as if whole
    "busy",  # 429
    "busy until",  # 429 with Retry-After
    "away",  # 503 with Retry-After
    "error before",  # 5xx, not carried out
    "error after",  # 5xx, carried out
    "token ends",  # the CRM forgets who we are
    "slow",  # it takes its time
)


@dataclass
class Weather:
    """How often which fault strikes; calm without any."""

    chances: dict[str, float] = field(default_factory=dict)
    storm: tuple[str, int] = ("", 0)
    """A fault that strikes as many requests in a row."""

    def next(self, chance: random.Random) -> str:
        """The fault of the next request, or nothing."""
        name, left = self.storm
        if left:
            self.storm = (name, left - 1)
            return name
        if not self.chances or chance.random() > sum(self.chances.values()):
            return ""
        [name] = chance.choices([*self.chances], [*self.chances.values()])
        if chance.random() < 0.2:
            self.storm = (name, chance.choice((1, 3, 10)))
        return name


class Network:
    """The way from one process to one CRM: a `crm.transport.Transport`."""

    def __init__(
        self,
        server: Server,
        weather: Weather,
        watcher: Watcher,
        clock: SimulatedClock,
        chance: random.Random,
        life: Life,
        trace: Callable[[str], None],
        meanwhile: Callable[[Request], None],
    ) -> None:
        self._server = server
        self._weather = weather
        self._watcher = watcher
        self._clock = clock
        self._chance = chance
        self._life = life
        self._trace = trace
        self._meanwhile = meanwhile
        self._quiet_until: dict[str, float] = {}

    def send(self, request: Request) -> Answer:
        what = f"{request.method} {request.url.removeprefix('http://crm').partition('?')[0]}"
        self._life.point(f"before {what}")
        self._clock.sleep(self._chance.uniform(0.01, 0.3))
        fault = self._weather.next(self._chance)
        if self._weather.chances and request.url.endswith("/merge") and self._chance.random() < 0.4:
            # merges are few, and which of two records is left can't be asked twice
            fault = "answer lost"
        if fault == "not sent":
            self._trace(f"{what}: no connection")
            raise NotSentError("no connection")
        if fault == "lost":
            self._clock.sleep(self._chance.choice((0.5, 60.0)))
            self._trace(f"{what}: lost on its way")
            raise CutOffError("no answer in time")
        self._meanwhile(request)
        self._heed(request, what)
        answer = self._refused(request, fault) or self._carried_out(request, fault)
        self._trace(f"{what}: {answer.status}{fault and f' ({fault})'}")
        self._life.point(f"after {what}")
        return self._answered(answer, fault)

    def close(self) -> None:
        """Nothing is open."""

    def get_one_request_through(self, call: Callable[[], object]) -> None:
        """Let a task of a process that has ended send its first request, of which nobody hears."""
        life, self._life = self._life, Life(self._life.number, fuse=1)
        weather, self._weather = self._weather, Weather()
        quiet, self._quiet_until = self._quiet_until, {}
        try:
            call()
        except Crash:
            self._trace("… it was on its way when the process ended")
        except Exception as error:
            self._trace(f"… nothing more was sent: {type(error).__name__}")
        finally:
            self._life, self._weather, self._quiet_until = life, weather, quiet

    def _heed(self, request: Request, what: str) -> None:
        """Whoever was told when to come back mustn't come sooner."""
        budget = self._server.budget(request)
        now = self._clock.seconds()
        if now < self._quiet_until.get(budget, 0.0):
            early = self._quiet_until[budget] - now
            self._watcher.violated(
                "quota", f"{what} came {early:.1f} s before Retry-After was over"
            )

    def _refused(self, request: Request, fault: str) -> Answer | None:
        match fault:
            case "busy":
                return Answer(429, {}, b'{"status": 429}')
            case "busy until" | "away":
                seconds = self._chance.choice((1, 5, 30, 400))
                budget = self._server.budget(request)
                if fault == "busy until":
                    self._quiet_until[budget] = self._clock.seconds() + seconds
                status = 429 if fault == "busy until" else 503
                return Answer(status, {"Retry-After": str(seconds)}, b"")
            case "error before":
                return Answer(self._chance.choice((500, 502, 504)), {}, b"<html>")
        return None

    def _carried_out(self, request: Request, fault: str) -> Answer:
        if fault == "token ends":
            self._server.forget_tokens()
        now = self._clock.seconds()
        self._watcher.arrived(self._server, request, now)
        answer = self._server.handle(request, now)
        self._watcher.look(self._server, "us")
        return answer

    def _answered(self, answer: Answer, fault: str) -> Answer:
        match fault:
            case "answer lost":
                self._clock.sleep(self._chance.choice((0.5, 60.0)))
                raise CutOffError("no answer in time")
            case "answer short":
                raise CutOffError("the connection was cut")
            case "answer torn":
                return Answer(answer.status, answer.headers, answer.body[: len(answer.body) // 2])
            case "error after":
                return Answer(self._chance.choice((500, 502, 504)), {}, b"{}")
            case "slow":
                self._clock.sleep(self._chance.choice((5.0, 45.0)))
        return answer


def json_answer(status: int, data: object, headers: dict[str, str] | None = None) -> Answer:
    """An answer with JSON."""
    return Answer(status, headers or {}, b"" if data is None else orjson.dumps(data))
