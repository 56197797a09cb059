"""The small parts: pointers, templates, times, the quota."""

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import RetryableError
from crm.pointer import compile_pointer, first_of
from crm.quota import Quota, Rate
from crm.runtime import Runtime
from crm.template import Compiler, UnusableValueError, as_text, literal_way, placeholders
from crm.times import TimeFormat

QUOTED = literal_way("'", {"\\": "\\\\", "'": "\\'"})


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("", {"a": {"b": [1, {"c/d": 2}]}, "~": 0, "none": None}),
        ("/a/b/0", 1),
        ("/a/b/1/c~1d", 2),
        ("/~0", 0),
        ("/a/b/9", None),
        ("/a/b/x", None),
        ("/a/b/0/deeper", None),
        ("/none", None),
        ("/a/@name", "b"),
        ("/a/@first/@first", 1),
        ("/a/b/@first", 1),
        ("/none/@first", None),
    ],
)
def test_a_pointer_finds_what_stands_there(pointer: str, expected: Any) -> None:
    data = {"a": {"b": [1, {"c/d": 2}]}, "~": 0, "none": None}
    assert compile_pointer(pointer)(data) == expected


@pytest.mark.parametrize("nothing", [None, 7, "text", [], {}])
def test_a_pointer_into_nothing_finds_nothing(nothing: Any) -> None:
    assert compile_pointer("/a")(nothing) is None
    assert compile_pointer("/a/@first/b")(nothing) is None


def test_the_first_pointer_that_finds_something_counts() -> None:
    find = first_of((compile_pointer("/a"), compile_pointer("/b")))
    assert find({"b": 2}) == 2
    assert find({"a": 1, "b": 2}) == 1
    assert find({}) is None


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{fields}", {"n": None, "m": 1.5}),
        ({"entity": "{fields}", "id": "{id}"}, {"entity": {"n": None, "m": 1.5}, "id": 7}),
        ({"...": "{fields}", "id": "{id}"}, {"n": None, "m": 1.5, "id": 7}),
        ([["{id}", "no {id:json}"]], [[7, "no 7"]]),
        ("{object}/{id}", "companies/7"),
        ("{object}", "companies"),
        ('{{"f":{fields:json}}}', '{"f":{"n":null,"m":1.5}}'),
        ({"constant": True, "number": 3}, {"constant": True, "number": 3}),
        ("{text:literal}", "'it\\'s'"),
        ("{text:path}", "it%27s"),
        ("", ""),
    ],
)
def test_a_template_keeps_the_shape_of_what_goes_in(template: Any, expected: Any) -> None:
    values = {"fields": {"n": None, "m": 1.5}, "id": 7, "text": "it's"}
    compiler = Compiler(values, QUOTED, {"object": "companies"})
    assert compiler.structure(template)(values) == expected


@pytest.mark.parametrize("template", ["{nobody}", "{id:strange}", "{", "}", "{ID}", "{id"])
def test_a_template_that_cant_be_filled_is_refused_beforehand(template: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Compiler({"id"}, QUOTED).structure(template)


def test_placeholders_are_found_in_any_shape() -> None:
    assert placeholders({"a": ["{x} {{y}}", {"b": "{z:json}{x}"}], "c": 1}) == ["x", "z"]


@given(st.text())
def test_a_value_never_leaves_its_segment_of_a_path(value: str) -> None:
    path = Compiler({"v"}, QUOTED).text("/records/{v}/end", way="path")
    try:
        made = path({"v": value})
    except UnusableValueError:
        assert value in {"", ".", ".."} or any("\ud800" <= each <= "\udfff" for each in value)
        return
    assert made.startswith("/records/")
    assert made.endswith("/end")
    assert made.count("/") == 3
    assert not set(made) & set("?#\\ \n")


@given(st.text())
def test_a_literal_ends_where_it_should(value: str) -> None:
    inner = QUOTED(value)[1:-1]
    assert inner.replace("\\\\", "").replace("\\'", "").count("'") == 0
    assert not inner.replace("\\\\", "").replace("\\'", "").endswith("\\")


@pytest.mark.parametrize(
    ("style", "zone", "theirs", "ours"),
    [
        ("iso", "UTC", "2026-11-22T01:02:03.123456Z", "2026-11-22T01:02:03.123456Z"),
        ("iso", "UTC", "2026-11-22T09:02:03+08:00", "2026-11-22T01:02:03.000000Z"),
        ("iso", "Asia/Shanghai", "2026-11-22 09:02:03", "2026-11-22T01:02:03.000000Z"),
        ("%Y-%m-%d %H:%M:%S.%LZ", "UTC", "2026-11-22 01:02:03.123Z", "2026-11-22T01:02:03.123000Z"),
        (
            "%Y-%m-%d %H:%M:%S",
            "Asia/Shanghai",
            "2026-11-22 09:02:03",
            "2026-11-22T01:02:03.000000Z",
        ),
        ("%d.%m.%Y %H:%M", "Europe/Berlin", "22.11.2026 02:02", "2026-11-22T01:02:00.000000Z"),
        ("epoch_ms", "UTC", 1795309323123, "2026-11-22T01:02:03.123000Z"),
        ("epoch_s", "UTC", "1795309323", "2026-11-22T01:02:03.000000Z"),
    ],
)
def test_a_time_is_read(style: str, zone: str, theirs: Any, ours: str) -> None:
    assert TimeFormat(style, zone).read(theirs) == ours


@pytest.mark.parametrize(
    ("style", "zone", "expected"),
    [
        ("iso", "UTC", "2026-11-22T01:02:03.123999Z"),
        ("%Y-%m-%d %H:%M:%S.%LZ", "UTC", "2026-11-22 01:02:03.123Z"),
        ("%Y-%m-%d %H:%M:%S", "Asia/Shanghai", "2026-11-22 09:02:03"),
        ("epoch_ms", "UTC", 1795309323123),
        ("epoch_s", "UTC", 1795309323),
    ],
)
def test_a_time_is_written_rounded_down(style: str, zone: str, expected: Any) -> None:
    assert TimeFormat(style, zone).write("2026-11-22T01:02:03.123999Z") == expected


@pytest.mark.parametrize("value", [None, "", "yesterday", "99999999999999999999"])
def test_what_is_no_time_is_none(value: Any) -> None:
    assert TimeFormat().read(value) is None
    assert TimeFormat("epoch_ms").read(value) is None


class Clock:
    def __init__(self) -> None:
        self.time = 1_800_000_000.0
        self.lock = threading.Lock()

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.time += seconds

    def runtime(self) -> Runtime:
        return Runtime(
            now=lambda: self.time, monotonic=lambda: self.time, sleep=self.sleep, chance=lambda: 0.5
        )


@pytest.mark.parametrize("burst", [1, 5])
def test_no_second_sees_more_requests_than_the_rate_and_one_burst(burst: int) -> None:
    clock = Clock()
    quota = Quota(Rate(per_second=10, burst=burst), clock.runtime())
    sent = []
    for number in range(60):
        quota.take()
        sent.append(clock.time)
        clock.sleep(0.7 if number % 20 == 19 else 0.0)
    for start in sent:
        assert sum(start <= each < start + 0.999 for each in sent) <= 10 + burst - 1 + 1


def test_threads_share_the_quota() -> None:
    sent: list[float] = []
    quota = Quota(Rate(per_second=200), Runtime())
    runtime = Runtime()

    def work() -> None:
        for _ in range(10):
            quota.take()
            sent.append(runtime.monotonic())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(sent) - min(sent) >= 39 / 200 - 0.001


def test_refusals_that_come_together_count_once() -> None:
    clock = Clock()
    quota = Quota(Rate(), clock.runtime())
    for _ in range(8):
        quota.refused(None)
    started = clock.time
    quota.take()
    first = clock.time - started
    assert 0.5 <= first <= 1
    quota.refused(None)
    started = clock.time
    quota.take()
    assert clock.time - started > first
    quota.accepted()
    quota.refused(None)
    started = clock.time
    quota.take()
    assert clock.time - started == pytest.approx(first)


def test_a_day_ends_at_midnight() -> None:
    clock = Clock()
    quota = Quota(Rate(per_day=2), clock.runtime())
    quota.take()
    quota.take()
    with pytest.raises(RetryableError) as error:
        quota.take()
    assert error.value.after == 86_400 - clock.time % 86_400
    clock.time += error.value.after
    quota.take()


@given(st.one_of(st.text(), st.integers(), st.booleans(), st.none()))
def test_any_value_has_a_text(value: Any) -> None:
    assert isinstance(as_text(value), str)
