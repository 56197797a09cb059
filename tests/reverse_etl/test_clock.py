"""How the engine waits for what is under way."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from reverse_etl.clock import first_done


def _under_way(count: int) -> list[Future[Any]]:
    return [Future() for _ in range(count)]


def test_of_many_tasks_a_quarter_is_waited_for() -> None:
    tasks = _under_way(16)
    with ThreadPoolExecutor(1) as executor:
        waiting = executor.submit(first_done, tasks)
        for task in tasks[:3]:
            task.set_result(None)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.1)
        tasks[9].set_exception(ValueError())
        assert set(waiting.result(timeout=10)) == {*tasks[:3], tasks[9]}


@pytest.mark.parametrize("count", [1, 2, 7])
def test_of_few_tasks_the_first_is_enough(count: int) -> None:
    tasks = _under_way(count)
    tasks[-1].set_result(None)
    assert first_done(tasks) == [tasks[-1]]
