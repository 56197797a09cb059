"""The review queue as a spreadsheet: out with an empty column for answers, in with it filled."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields
from pathlib import Path

from identity import sheets
from identity.decisions import Verdict
from identity.errors import IdentityError
from identity.reviews import Review

SHEET = "review"
ANSWERS = ("verdict", "reason")
HEADINGS = (*(each.name for each in fields(Review)), *ANSWERS)
FORM = sheets.Form(
    SHEET,
    HEADINGS,
    needed=("pair_key", *ANSWERS),
    choices={"verdict": [verdict.value for verdict in Verdict]},
    widths={
        "evidence": 100,
        "pair_key": 16,
        "record_key": 28,
        "other_record_key": 28,
        "reason": 40,
    },
)
_VERDICTS = {
    **{verdict.value: verdict for verdict in Verdict},
    "同": Verdict.SAME,
    "是": Verdict.SAME,
    "异": Verdict.DIFFERENT,
    "否": Verdict.DIFFERENT,
}


def write(reviews: Sequence[Review], path: Path) -> None:
    """Write the questions, with a list to choose each answer from."""
    sheets.write(FORM, [astuple(review) for review in reviews], path)


def read(path: Path) -> Iterator[tuple[str, Verdict, str]]:
    """The pair key, the verdict and the reason of every row that is answered.

    Raises:
        IdentityError: the file isn't a review queue, or an answer is neither same nor different.
    """
    try:
        for number, cells in sheets.read(FORM, path):
            answer = cells.get("verdict", "").strip().lower()
            if not answer:
                continue
            if answer not in _VERDICTS:
                raise IdentityError(
                    f"{path}, row {number}: the verdict has to be same or different; "
                    "nothing was read"
                )
            yield cells.get("pair_key", ""), _VERDICTS[answer], cells.get("reason", "")
    except sheets.SheetError as error:
        raise IdentityError(str(error)) from error
