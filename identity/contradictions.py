"""Decisions that can't all hold: A is B, B is C, but A isn't C."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from identity.decisions import Decision, Verdict


def contradictions(decisions: Iterable[Decision]) -> Iterator[Sequence[Decision]]:
    """Each decision that two are different, with the decisions that make them the same.

    Of several decisions on two records the last one counts.
    """
    last = {
        (each.entity_type, each.record_key, each.other_record_key): each
        for each in sorted(decisions, key=lambda each: each.decided_at)
    }
    same: dict[tuple[str, str], list[tuple[str, Decision]]] = {}
    for each in last.values():
        if each.verdict == Verdict.SAME:
            for one, other in (
                (each.record_key, each.other_record_key),
                (each.other_record_key, each.record_key),
            ):
                same.setdefault((each.entity_type, one), []).append((other, each))
    for each in last.values():
        if each.verdict == Verdict.DIFFERENT and (chain := _chain(same, each)):
            yield (each, *chain)


def _chain(
    same: dict[tuple[str, str], list[tuple[str, Decision]]], different: Decision
) -> list[Decision]:
    """The fewest decisions that lead from the one record to the other; none if none do."""
    came_by: dict[str, list[Decision]] = {different.record_key: []}
    queue = deque([different.record_key])
    while queue:
        record_key = queue.popleft()
        for other, decision in same.get((different.entity_type, record_key), []):
            if other not in came_by:
                came_by[other] = [*came_by[record_key], decision]
                queue.append(other)
    return came_by.get(different.other_record_key, [])
