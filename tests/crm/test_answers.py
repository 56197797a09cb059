"""What an answer means, and what becomes of each record of a batch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm.answers import AnswerRules, Meaning, Meanings, Predicate, parse_retry_after
from crm.errors import FatalError, RetryableError, UnknownOutcomeError
from crm.pointer import compile_pointer
from crm.protocol import Crm, Gone, NotWritten, Rejected, Unknown, Written
from crm.transport import CutOffError, NotSentError
from tests.crm.scripted import SINGLE, Script, answer, connection, writes

Connect = Callable[[dict[str, Any], Script], Crm]


@pytest.fixture
def connected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Connect:
    return lambda profile, script: connection(tmp_path, monkeypatch, profile, script)


@pytest.mark.parametrize(
    ("status", "body", "headers", "expected"),
    [
        (200, b'{"code": 0}', {}, "ok"),
        (201, b"{}", {}, "ok"),
        (204, b"", {}, "ok"),
        (200, b"<html>", {}, "unsure"),
        (200, b'{"cut": "sho', {}, "unsure"),
        (302, b"", {}, "elsewhere"),
        (400, b"{}", {}, "refused"),
        (400, b"<html>", {}, "refused"),
        (401, b"", {}, "sign_in"),
        (403, b"", {}, "forbidden"),
        (404, b"", {}, "gone"),
        (408, b"", {}, "unsure"),
        (409, b"", {}, "refused"),
        (410, b"", {}, "gone"),
        (413, b"", {}, "refused"),
        (429, b"", {}, "busy"),
        (500, b"", {}, "unsure"),
        (503, b"", {}, "unsure"),
        (503, b"", {"Retry_After": "3"}, "busy"),
        (504, b"", {}, "unsure"),
    ],
)
def test_a_status_means_what_http_says(
    status: int, body: bytes, headers: dict[str, str], expected: Meaning
) -> None:
    assert AnswerRules().read(answer(status, body, **headers), 0).meaning == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"code": 0}, "ok"),
        ({"code": 302}, "sign_in"),
        ({"code": "403"}, "busy"),
        ({"code": 7}, "refused"),
        ({"data": "no code at all"}, "refused"),
        (None, "refused"),
    ],
)
def test_a_code_means_what_the_profile_says(body: Any, expected: Meaning) -> None:
    code = compile_pointer("/code")
    rules = AnswerRules(
        meanings=Meanings(codes={"302": "sign_in", "403": "busy"}),
        ok=Predicate(code, [0]),
        code=code,
    )
    assert rules.read(answer(200, body), 0).meaning == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("Sun, 22 Nov 2026 00:00:10 GMT", 10.0),
        ("Sun, 22 Nov 2026 08:00:10 +0800", 10.0),
        ("Sat, 21 Nov 2026 00:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        (None, None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, expected: float | None) -> None:
    assert parse_retry_after(text, 1795305600.0) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (answer(429), RetryableError),
        (answer(503, None, Retry_After="1"), RetryableError),
        (NotSentError("refused"), RetryableError),
        (CutOffError("cut"), UnknownOutcomeError),
        (answer(500), UnknownOutcomeError),
        (answer(200, b"<html>"), UnknownOutcomeError),
        (answer(403), FatalError),
        (answer(401), FatalError),
    ],
)
def test_a_write_ends_in_the_error_that_says_what_to_do(
    connected: Connect, said: Any, expected: type[Exception]
) -> None:
    script = Script(said)
    with pytest.raises(expected):
        connected(SINGLE, script).write("things", writes("create"))
    assert len(script.requests) == 1


def test_an_error_names_the_crms_request_and_no_word_of_its_message(connected: Connect) -> None:
    profile = {**SINGLE, "answers": {"request_id": {"header": "X-Request-Id"}, "message": "/m"}}
    script = Script(answer(500, {"m": "Zhang San is in the way"}, X_Request_Id="r-77"))
    with pytest.raises(UnknownOutcomeError, match=r"r-77") as error:
        connected(profile, script).write("things", writes("update"))
    assert "Zhang" not in str(error.value)


def test_records_sent_one_by_one_keep_what_is_known_when_one_goes_wrong(
    connected: Connect,
) -> None:
    script = Script(answer(200, {"id": 1}), answer(404), answer(500))
    outcomes = connected(SINGLE, script).write("things", writes("update", 5))
    assert outcomes == [
        Written("k0", "1"),
        Gone("k1"),
        Unknown("k2"),
        NotWritten("k3"),
        NotWritten("k4"),
    ]


BATCH = {
    "answers": {"meanings": {"busy": {"codes": ["LOCKED"]}, "undone": {"codes": ["ROLLED_BACK"]}}},
    "objects": {
        "things": {
            "create": {"entry": {"k": "{key}", "f": "{fields}"}},
            "batch": {
                "kind": "per_record",
                "path": "/batch",
                "body": {"all": "{entries}"},
                "max_items": 8,
                "results": {
                    "at": "/results",
                    "match": "key",
                    "by": "/k",
                    "id": "/id",
                    "status": "/status",
                    "code": "/code",
                },
            },
        }
    },
}


def with_batch(**changes: Any) -> dict[str, Any]:
    things = BATCH["objects"]["things"]
    batch = {**things["batch"], **changes}
    return {**BATCH, "objects": {"things": {**things, "batch": batch}}}


def test_a_record_that_the_answer_leaves_out_is_unknown(connected: Connect) -> None:
    script = Script(answer(200, {"results": [{"k": "k2", "id": 2}, {"k": "k0", "id": 0}]}))
    outcomes = connected(BATCH, script).write("things", writes("create", 3))
    assert outcomes == [Written("k0", "0"), Unknown("k1"), Written("k2", "2")]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"status": 201, "id": "7"}, Written("k0", "7")),
        ({"status": 500}, Unknown("k0")),
        ({"status": 429}, NotWritten("k0")),
        ({"status": 400, "code": "LOCKED"}, NotWritten("k0")),
        ({"status": 400, "code": "ROLLED_BACK"}, NotWritten("k0")),
        ({"status": 400, "code": "TOO_LONG"}, Rejected("k0", "TOO_LONG", "")),
        ({"status": 422}, Rejected("k0", "422", "")),
        ({"status": 404}, Rejected("k0", "404", "")),
    ],
)
def test_an_item_of_a_batch_means_what_its_status_or_code_says(
    connected: Connect, item: dict[str, Any], expected: Any
) -> None:
    script = Script(answer(200, {"results": [{"k": "k0", **item}]}))
    assert connected(BATCH, script).write("things", writes("create")) == [expected]


def test_results_by_position_count_only_if_there_is_one_for_each(connected: Connect) -> None:
    profile = with_batch(results={"at": "/ids", "match": "position", "id": ""})
    script = Script(answer(200, {"ids": ["a", "b"]}), answer(200, {"ids": ["a"]}))
    crm = connected(profile, script)
    assert crm.write("things", writes("create", 2)) == [Written("k0", "a"), Written("k1", "b")]
    assert crm.write("things", writes("create", 2)) == [Unknown("k0"), Unknown("k1")]


def test_two_lists_one_of_results_and_one_of_errors_are_both_read(connected: Connect) -> None:
    # as Kingdee's BatchSave says it: both lists name the position
    profile = with_batch(
        results={"at": "/ok", "match": "index", "by": "/DIndex", "id": "/Id"},
        errors={
            "at": "/bad",
            "match": "index",
            "by": "/DIndex",
            "message": "/Message",
            "field": "/FieldName",
        },
    )
    said = {
        "ok": [{"DIndex": 2, "Id": 102}],
        "bad": [{"DIndex": 0, "Message": "no", "FieldName": "FName"}],
    }
    outcomes = connected(profile, Script(answer(200, said))).write("things", writes("create", 3))
    assert outcomes == [
        Rejected("k0", "refused", "no", "FName"),
        Unknown("k1"),
        Written("k2", "102"),
    ]


def test_a_batch_refused_without_a_name_goes_in_halves_until_the_bad_one_is_alone(
    connected: Connect,
) -> None:
    def judge(request: Any) -> Any:
        bad = b'"k2"' in request.body
        keys = [f"k{n}" for n in range(5) if f'"k{n}"'.encode() in request.body]
        said = {"results": [{"k": key, "id": key} for key in keys]}
        return answer(400, {"error": "no"}) if bad else answer(200, said)

    script = Script(*[judge] * 20)
    outcomes = connected(BATCH, script).write("things", writes("create", 5))
    assert [type(each) for each in outcomes] == [Written, Written, Rejected, Written, Written]
    assert len(script.requests) == 5


@pytest.mark.parametrize(
    ("said", "rest"), [(answer(500), Unknown), (answer(429), NotWritten), (answer(403), NotWritten)]
)
def test_what_is_known_of_one_half_outlives_the_other(
    connected: Connect, said: Any, rest: type[Any]
) -> None:
    whole = {"results": [{"k": "k0", "id": 0}]}
    script = Script(answer(400), answer(200, whole), said)
    outcomes = connected(BATCH, script).write("things", writes("create", 2))
    assert outcomes == [Written("k0", "0"), rest("k1")]


def test_an_id_that_the_answer_doesnt_hold_is_looked_up(connected: Connect) -> None:
    script = Script(
        answer(200, {"code": 0}), answer(200, {"items": [{"id": 9, "external_id": "k0"}]})
    )
    assert connected(SINGLE, script).write("things", writes("create")) == [Written("k0", "9")]


def test_a_new_record_whose_id_cant_be_looked_up_is_unknown(connected: Connect) -> None:
    script = Script(answer(200, {"code": 0}), answer(200, {"items": []}))
    assert connected(SINGLE, script).write("things", writes("create")) == [Unknown("k0")]
