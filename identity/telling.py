"""Explanations in lines for people."""

from collections.abc import Iterator

from identity.answers import Chain, Customer, Difference, Finding, Golden, Link, Pair

MOST_RECORDS = 50
MOST_LOSERS = 3
SAME_VALUE = "it is the same value"


def tell(found: Customer | Chain | Difference) -> Iterator[str]:
    """What was found, line by line."""
    match found:
        case Customer():
            yield from _customer(found)
        case Chain():
            yield f"one {found.entity_type}, {found.entity_id}"
            for link in found.links:
                yield from _link(link)
        case Difference():
            yield from _difference(found)


def _customer(customer: Customer) -> Iterator[str]:
    count = len(customer.records)
    yield f"{customer.entity_type} {customer.entity_id}, {_counted(count, 'record')}"
    for record_key in customer.records[:MOST_RECORDS]:
        yield f"  {record_key}"
    yield from _rest(count, MOST_RECORDS, "records")
    if customer.links:
        yield "what ties them together"
    for link in customer.links[:MOST_RECORDS]:
        yield from _link(link)
    yield from _rest(len(customer.links), MOST_RECORDS, "links")
    if customer.values:
        yield "where its values come from"
    for value in customer.values:
        yield from _value(value)


def _difference(difference: Difference) -> Iterator[str]:
    yield f"two: {difference.entity_id} and {difference.other_entity_id}"
    yield f"  {difference.because}"
    if difference.has_other_claims:
        number = "resident IDs" if difference.entity_type == "person" else "tax ids"
        yield f"  their {number} differ"
    for link in difference.cut_links:
        yield f"  cut: {link.record_key} = {link.other_record_key}  {link.rule}"
    for pair in difference.pairs:
        yield from _pair(pair)


def _link(link: Link) -> Iterator[str]:
    held = "" if link.identifier is None else f": {link.identifier}"
    yield f"  {link.record_key} = {link.other_record_key}  {link.rule}{held}{_decided(link)}"
    yield from _findings(link.findings)


def _pair(pair: Pair) -> Iterator[str]:
    said = "" if pair.probability is None else f"  probability {pair.probability}"
    veto = ", and contradictory" if pair.is_vetoed and pair.judged_by != "people" else ""
    question = f"  question {pair.pair_key}, {pair.state}" if pair.pair_key else ""
    yield (
        f"  {pair.record_key} ? {pair.other_record_key}  {pair.verdict}{veto}"
        f"{_decided(pair)}{said}{question}"
    )
    yield from _findings(pair.findings)


def _decided(link: Link | Pair) -> str:
    if link.decided_at is None:
        return ""
    reason = f": {link.reason}" if link.reason else ""
    return f" by {link.decided_by} on {link.decided_at:%Y-%m-%d}{reason}"


def _findings(findings: tuple[Finding, ...]) -> Iterator[str]:
    for finding in findings:
        both = [value for value in (finding.value, finding.other_value) if value]
        said = f"  ({' | '.join(both)})" if both else ""
        yield f"    {finding.bits:+8.1f} bits  {finding.meaning}{said}"


def _value(value: Golden) -> Iterator[str]:
    said = "" if value.value is None else f" {value.value}"
    yield (
        f"  {value.attribute}{said}  of {value.record_key}, {value.rule}, "
        f"{_counted(value.value_count, 'value')}, "
        f"{_counted(value.bearer_count, 'record')} with this one"
    )
    losers = [each for each in value.losers if each.lost_because != SAME_VALUE]
    for loser in losers[:MOST_LOSERS]:
        lost = "" if loser.value is None else f" {loser.value}"
        yield f"    not{lost} of {loser.record_key}: {loser.lost_because}"
    yield from _rest(len(losers), MOST_LOSERS, "others", indent="    ")


def _rest(count: int, shown: int, what: str, indent: str = "  ") -> Iterator[str]:
    if count > shown:
        yield f"{indent}… and {count - shown} more {what}; --format json has them all"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
