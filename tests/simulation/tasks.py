"""Requests under way, carried out in an order that the seed chooses."""

import random
from collections.abc import Callable, Collection
from concurrent.futures import Executor, Future
from typing import Any

from tests.simulation.life import Crash, Life


class Task(Future[Any]):
    """One call that was submitted; it is carried out when somebody waits, or before."""

    def __init__(self, tasks: "Tasks", call: Callable[[], Any]) -> None:
        super().__init__()
        self._tasks = tasks
        self.call = call

    def result(self, timeout: float | None = None) -> Any:
        while not self.done():
            self._tasks.carry_one_out()
        return super().result(timeout)


class Tasks:
    """All that is under way in one process."""

    def __init__(self, life: Life, chance: random.Random) -> None:
        self._life = life
        self._chance = chance
        self._waiting: list[Task] = []

    def executor(self, _workers: int) -> "SimulatedExecutor":
        """An executor whose tasks are carried out here."""
        return SimulatedExecutor(self)

    def add(self, call: Callable[[], Any]) -> Task:
        task = Task(self, call)
        self._waiting.append(task)
        return task

    def first_done(self, tasks: Collection[Future[Any]]) -> Collection[Future[Any]]:
        """Carry out some of what is under way; gives one or more that are done, in any order."""
        for _ in range(self._chance.randint(0, len(self._waiting))):
            self.carry_one_out()
        while not any(task.done() for task in tasks):
            self.carry_one_out()
        done = [task for task in tasks if task.done()]
        return self._chance.sample(done, self._chance.randint(1, len(done)))

    def carry_one_out(self) -> None:
        """Carry out one of the tasks."""
        task = self._waiting.pop(self._chance.randrange(len(self._waiting)))
        try:
            task.set_result(task.call())
        except Exception as error:
            task.set_exception(error)

    def carry_all_out(self) -> None:
        """What an executor does when it is closed."""
        while self._waiting and not self._life.is_over:
            self.carry_one_out()

    def abandon(self, get_one_request_through: Callable[[Callable[[], Any]], None]) -> None:
        """After the process has ended: the first request of some tasks arrives all the same."""
        waiting, self._waiting = self._waiting, []
        for task in waiting:
            if self._chance.random() < 0.5:
                get_one_request_through(task.call)


class SimulatedExecutor(Executor):
    """Hands its tasks on."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Task:
        return self._tasks.add(lambda: fn(*args, **kwargs))

    def shutdown(self, *_args: object, **_named: object) -> None:
        try:
            self._tasks.carry_all_out()
        except Crash:
            # who closes it is ending for the same reason
            return
