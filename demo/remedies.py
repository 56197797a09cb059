"""The commands by which people answer a conflict and take a run back, with what they are given.

A user finds these in `reverse-etl reviews` and `reverse-etl history`; the story can't look.
"""

import sqlite3
from contextlib import closing

from demo.layout import Home

SYNC = "selfbuilt_contacts"


def answering(home: Home) -> tuple[str, ...] | None:
    """Say of the oldest question about a contact that the CRM's value holds; None if there's none.

    What people typed is known to those who typed it.
    """
    found = _first(
        home,
        "select review_id from reviews where sync = ? and state = 'open' order by since, review_id",
    )
    if found is None:
        return None
    answer = ("reverse-etl", "reviews", "answer", found, "theirs")
    return (*answer, "--by", "sales", "--reason", "it is on their card")


def undoing(home: Home) -> tuple[str, ...] | None:
    """Undo the last run that changed contacts' mobile numbers; None if there was none."""
    found = _first(
        home,
        """
        select run_id from deliveries
        where sync = ? and operation = 'update' and outcome = 'written' and fields like '%"mobile"%'
        order by delivery_id desc
        """,
    )
    return None if found is None else ("reverse-etl", "undo", found)


def _first(home: Home, query: str) -> str | None:
    with closing(sqlite3.connect(f"file:{home.ledger}?mode=ro", uri=True)) as ledger:
        row = ledger.execute(f"{query} limit 1", [SYNC]).fetchone()
    return None if row is None else str(row[0])
