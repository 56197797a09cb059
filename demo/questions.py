"""One question of the review queue, answered as somebody would who knows the two.

They know from the company's truth; the models never see it.
"""

import csv
import os
import subprocess
import sys
from dataclasses import dataclass

from demo.layout import REPOSITORY, Home
from identity.reviews import Review, Reviews
from warehouse.connection import attached_read_only


@dataclass(frozen=True, slots=True)
class Question:
    """Two records of one person whom the CRM holds twice, because nobody was sure."""

    review: Review
    people: tuple[str, str]
    """Whom the two records are of now."""

    @property
    def command(self) -> tuple[str, ...]:
        """The command that answers it."""
        decide = ("identity", "review", "decide", self.review.pair_key, "same")
        return (*decide, "--by", "sales", "--reason", "called them: one person")


def find(home: Home) -> Question | None:
    """The most probable question of such a kind; None if the queue has none."""
    with attached_read_only(home.warehouse) as connection:
        rows = connection.execute(
            "select record_key, person_id from warehouse.marts.bridge_person_records "
            "semi join warehouse.activation.sync_selfbuilt__contacts using (person_id)"
        ).fetchall()
    sent = dict(rows)
    truth = _truth(home)
    for review in Reviews(home.warehouse).open():
        pair = (review.record_key, review.other_record_key)
        one, other = (sent.get(key) for key in pair)
        if one and other and one != other and truth[pair[0]] == truth[pair[1]]:
            return Question(review, (one, other))
    return None


def answer(home: Home, question: Question) -> int:
    """Run the command that answers a question; its exit code."""
    return subprocess.run(  # noqa: S603  the project's own command
        [sys.executable, "-m", *question.command],
        cwd=REPOSITORY,
        env={**os.environ, "TONGKE_WAREHOUSE": str(home.warehouse.resolve())},
        check=False,
    ).returncode


def _truth(home: Home) -> dict[str, str]:
    """Of whom each record is, by its key."""
    with home.truth.open(encoding="utf-8", newline="") as file:
        return {
            f"{row['source_system']}:{row['source_record_id']}": row["entity"]
            for row in csv.DictReader(file)
        }
