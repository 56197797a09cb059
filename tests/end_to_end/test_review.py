"""Somebody answers a question of the review queue, and two customers become one."""

import sys

import pytest

from demo import questions
from tests.end_to_end.company import CompanyProject

PYTHON = (sys.executable, "-m")


@pytest.mark.timeout(1800)
def test_what_people_say_is_one_becomes_one_in_the_crm(project: CompanyProject) -> None:
    home = project.company.home
    question = questions.find(home)
    assert question is not None
    review = question.review
    project.approve()
    held = held_of(project, question)
    assert len(held) == 2

    listed = project.run(
        *PYTHON, "identity", "review", "list", "--limit", "100", "--format", "json"
    )
    assert review.pair_key in listed
    project.run(*PYTHON, *question.command)
    project.build(
        "--exclude-resource-type", "unit_test", "--select", "+exposure:*", "+fct_match_reviews"
    )

    # the older id stays, the other leads to it; the question isn't asked again
    [(stayed,)] = project.query(
        "select distinct person_id from marts.bridge_person_records "
        f"where record_key in ('{review.record_key}', '{review.other_record_key}')"
    )
    [gone] = set(question.people) - {stayed}
    assert project.query(
        f"select new_key, kind from intermediate.int_people_redirected where old_key = '{gone}'"
    ) == [(stayed, "merged")]
    listed = project.run(
        *PYTHON, "identity", "review", "list", "--limit", "100", "--format", "json"
    )
    assert review.pair_key not in listed

    # the plan says what follows; this CRM can't merge, so the other record is marked and left
    plan = project.plan()
    assert plan["selfbuilt_contacts"][gone]["operation"] == "flag"
    project.apply()
    assert {
        each["external_id"]: each["record_status"]
        for each in project.records("contacts")
        if each["external_id"] in question.people
    } == {stayed: "active", gone: "merged"}
    again = project.plan()["selfbuilt_contacts"]
    assert {key: change["operation"] for key, change in again.items()} == {gone: "redirect"}


def held_of(project: CompanyProject, question: questions.Question) -> set[str]:
    """Which of the two the CRM holds."""
    return {
        each["external_id"]
        for each in project.records("contacts")
        if each["external_id"] in question.people
    }
