"""The review list as a spreadsheet: out with empty columns for answers, in with them filled."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from identity.sheets import Form, SheetError
from identity.sheets import read as read_sheet
from identity.sheets import write as write_sheet
from reverse_etl.errors import SyncConfigurationError
from reverse_etl.ledger.reviews import CHOICES, Answer, Choice, Review

QUESTION = ("review_id", "sync", "key", "field", "since", "ours", "theirs")
ANSWERS = ("answer", "value", "reason")
FORM = Form(
    "reviews",
    (*QUESTION, *ANSWERS),
    needed=("review_id", *ANSWERS),
    choices={"answer": CHOICES},
    widths={"review_id": 18, "key": 28, "ours": 40, "theirs": 40, "value": 40, "reason": 40},
)
_CHOICES: dict[str, Choice] = {
    **{choice: choice for choice in CHOICES},
    "我方": "ours",
    "对方": "theirs",
    "另填": "value",
}


def write(reviews: Sequence[Review], path: Path) -> None:
    """Write the questions, with a list to choose each answer from."""
    write_sheet(FORM, [[getattr(each, name) for name in QUESTION] for each in reviews], path)


def read(path: Path) -> Iterator[Answer]:
    """The answer of every row that has one.

    Raises:
        SyncConfigurationError: the file isn't a review list, or an answer isn't one.
    """
    try:
        for number, cells in read_sheet(FORM, path):
            said, value = cells.get("answer", "").strip().lower(), cells.get("value", "")
            if not (said or value):
                continue
            if said not in _CHOICES:
                raise SyncConfigurationError(
                    f"{path}, row {number}: the answer has to be one of {', '.join(CHOICES)}; "
                    "nothing was kept"
                )
            choice = _CHOICES[said]
            if (choice == "value") != bool(value):
                raise SyncConfigurationError(
                    f"{path}, row {number}: the answer `value`, and no other, needs one in the "
                    "column value; nothing was kept"
                )
            reason = cells.get("reason") or None
            yield Answer(cells.get("review_id", ""), choice, value or None, reason)
    except SheetError as error:
        raise SyncConfigurationError(str(error)) from error
