"""People answer what they are asked about fields under review, from a list that may be old.

An answer counts for the two values that stood beside it, and for nothing else; what of
the values has moved since, and whether a run is under way, whoever answers doesn't know.
"""

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from reverse_etl.ledger import Ledger, reviews
from reverse_etl.ledger.reviews import CHOICES, Answer, Review


@dataclass(frozen=True)
class Given:
    """An answer that was kept, and what it was given for."""

    asked: Review
    answer: Answer

    @property
    def value(self) -> str | None:
        """What holds from now on, as the person saw or gave it."""
        by_choice = {
            "ours": self.asked.ours, "theirs": self.asked.theirs, "value": self.answer.value,
        }  # fmt: skip
        return by_choice[self.answer.choice]


@dataclass
class Desk:
    """Where people answer."""

    chance: random.Random
    shown: Callable[[str, str], str]
    """A field's value in the form that the CRM keeps it in."""
    given: list[Given] = field(default_factory=list)
    """The answers that the ledger took, in their order."""
    said: set[tuple[str, str, str, str]] = field(default_factory=set)
    """By sync, key and field: every third value that somebody ever gave."""
    _list: Sequence[Review] = ()

    def sit_down(self, ledger: Ledger) -> None:
        """Answer some of what is asked, by a list of now or of the last time."""
        if self.chance.random() < 0.6:
            self._list = reviews.unsettled(ledger)
        for asked in self._list:
            if self.chance.random() < 0.6:
                choice = self.chance.choice(CHOICES)
                value = f"said {len(self.given)}" if choice == "value" else None
                answer = Answer(asked.review_id, choice, value)
                if reviews.answer(ledger, [answer], "somebody"):
                    if value is not None:
                        self.said.add((asked.sync, asked.key, asked.field, value))
                    self.given.append(Given(asked, answer))

    def begin_run(self, *, is_sure: bool) -> None:
        """Forget the answers that others have replaced: the next run can't have read them.

        Unless a run has read them already, and nobody knows yet what became of what it sent.
        """
        if is_sure:
            self.given = self.latest()

    def forget(self) -> None:
        """Begin anew, with an empty ledger."""
        self.given, self._list = [], ()

    def latest(self) -> list[Given]:
        """Of each question the last answer."""
        return [*{each.asked.review_id: each for each in self.given}.values()]

    def allows(
        self, where: tuple[str, str], keys: Collection[str], theirs: str, value: str
    ) -> bool:
        """Whether somebody said of one of the keys that this may stand where that stood."""
        return any(
            (each.asked.sync, each.asked.field, each.asked.theirs) == (*where, theirs)
            and each.asked.key in keys
            and each.answer.choice != "theirs"
            and self.shown(where[1], each.value or "") == value
            for each in self.given
        )
