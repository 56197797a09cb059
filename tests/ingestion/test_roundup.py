"""A real Roundup tracker over its REST API."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from ingestion.errors import SourceError
from tests.ingestion.systems import TRACKER_PASSWORD, Project, Tracker, rows_landed


@pytest.fixture
def helpdesk(project: Project, tracker: Tracker) -> Iterator[Any]:
    """The tracker's database, filled a little; the project is connected to it."""
    project.configure(
        {"sources": {"helpdesk": {"kind": "roundup", "url": tracker.url, "page_size": 7}}},
        {"sources": {"helpdesk": {"username": "admin", "password": TRACKER_PASSWORD}}},
    )
    database = tracker.open()
    for i in range(20):
        database.user.create(
            username=f"kunde{i}", realname=f"张三{i}", address=f"k{i}@example.com", roles="User"
        )
    for i in range(20):
        database.issue.create(
            title=f"发票抬头有误 {i}",
            status=database.status.lookup("chatting"),
            priority=database.priority.lookup("urgent"),
            requester=database.user.lookup(f"kunde{i}"),
        )
    database.commit()
    yield database
    database.close()


def test_users_and_issues_are_landed_page_by_page(project: Project, helpdesk: Any) -> None:
    summary = project.run("helpdesk")

    assert rows_landed(summary) == {"users": 22, "issues": 20}
    requester = helpdesk.user.lookup("kunde3")
    assert project.query(
        "select title, status, priority, requester_id, is_retired from raw_helpdesk.issues "
        "where title like '% 3'"
    ) == [("发票抬头有误 3", "chatting", "urgent", int(requester), False)]
    assert project.query(
        "select realname, address, phone from raw_helpdesk.users where username = 'kunde3'"
    ) == [("张三3", "k3@example.com", None)]
    (activity,) = project.query("select max(activity) from raw_helpdesk.issues")[0]
    assert abs(activity - dt.datetime.now(dt.UTC).replace(tzinfo=None)) < dt.timedelta(minutes=5)


def test_a_second_run_lands_nothing_and_a_change_lands_once(
    project: Project, helpdesk: Any
) -> None:
    project.run("helpdesk")
    assert rows_landed(project.run("helpdesk")) == {"users": 0, "issues": 0}
    # within the second of the last landed activity
    helpdesk.issue.set("5", title="另一个标题")
    helpdesk.commit()

    assert rows_landed(project.run("helpdesk")) == {"users": 0, "issues": 1}
    assert rows_landed(project.run("helpdesk")) == {"users": 0, "issues": 0}


def test_a_retired_issue_gets_a_row_that_says_so(project: Project, helpdesk: Any) -> None:
    project.run("helpdesk")
    helpdesk.issue.retire("7")
    helpdesk.commit()

    assert rows_landed(project.run("helpdesk")) == {"users": 0, "issues": 1}
    assert project.query(
        "select title, is_retired from raw_helpdesk.issues where id = 7 order by _dlt_load_id"
    ) == [("发票抬头有误 6", False), ("发票抬头有误 6", True)]
    assert rows_landed(project.run("helpdesk")) == {"users": 0, "issues": 0}
    helpdesk.issue.restore("7")
    helpdesk.commit()
    assert rows_landed(project.run("helpdesk")) == {"users": 0, "issues": 1}
    assert project.query(
        "select is_retired from raw_helpdesk.issues where id = 7 "
        "qualify row_number() over (order by activity desc, _dlt_load_id desc) = 1"
    ) == [(False,)]
    assert rows_landed(project.run("helpdesk")) == {"users": 0, "issues": 0}


def test_those_retired_before_the_first_run_are_landed_too(project: Project, helpdesk: Any) -> None:
    helpdesk.user.retire(helpdesk.user.lookup("kunde4"))
    helpdesk.commit()

    assert rows_landed(project.run("helpdesk")) == {"users": 22, "issues": 20}
    assert project.query("select username from raw_helpdesk.users where is_retired") == [
        ("kunde4",)
    ]
    assert rows_landed(project.run("helpdesk")) == {"users": 0, "issues": 0}


def test_one_who_came_and_was_retired_between_two_runs_is_landed(
    project: Project, helpdesk: Any
) -> None:
    project.run("helpdesk")
    helpdesk.user.retire(helpdesk.user.create(username="brief", address="b@example.com"))
    helpdesk.user.create(username="next", address="n@example.com")
    helpdesk.commit()

    assert rows_landed(project.run("helpdesk")) == {"users": 2, "issues": 0}
    assert project.query("select is_retired from raw_helpdesk.users where username = 'brief'") == [
        (True,)
    ]
    assert rows_landed(project.run("helpdesk")) == {"users": 0, "issues": 0}


def test_a_wrong_password_names_the_system_and_shows_no_secret(
    project: Project, helpdesk: Any, tracker: Tracker
) -> None:
    project.configure(
        {"sources": {"helpdesk": {"kind": "roundup", "url": tracker.url}}},
        {"sources": {"helpdesk": {"username": "admin", "password": "wr0ng"}}},
    )

    with pytest.raises(SourceError, match=r"helpdesk: Roundup at .*HTTP 40") as raised:
        project.run("helpdesk")

    assert "wr0ng" not in str(raised.value)


def test_a_tracker_without_requesters_is_told_so(project: Project, tracker: Tracker) -> None:
    project.configure(
        {"sources": {"helpdesk": {"kind": "roundup", "url": tracker.url, "requester": "asker"}}},
        {"sources": {"helpdesk": {"username": "admin", "password": TRACKER_PASSWORD}}},
    )

    with pytest.raises(SourceError, match="asker"):
        project.run("helpdesk")
