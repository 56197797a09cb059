"""The shapes that break a clustering: long chains, and a number that everybody gives."""

from collections.abc import Iterator

from benchmarks.identity.typist import Record
from benchmarks.identity.vocabulary import HAN_GIVEN, HAN_SURNAMES

CHAINS = 20
CHAIN_LENGTH = 10_000
HUB_SIZE = 50_000


def chains(count: int = CHAINS, length: int = CHAIN_LENGTH) -> Iterator[tuple[Record, str]]:
    """Give chains: each record shares its phone with the one before, its e-mail with the next.

    Every chain is one person of one name, who changes phone and e-mail by turns.
    """
    for chain in range(count):
        for link in range(length):
            phone = f"139{chain + 10:02d}{(link + 1) // 2 + 100_000:06d}"
            email = f"link{link // 2}@chain{chain}.example.com"
            yield (
                Record(
                    source_system="chains",
                    source_record_id=f"{chain:02d}-{link:05d}",
                    entity_type="person",
                    full_name=_name_of(chain),
                    phone=phone,
                    email=email,
                ),
                f"P{chain:02d}",
            )


def hub(size: int = HUB_SIZE) -> Iterator[tuple[Record, str]]:
    """Give one number on many records, each of somebody else, two records of each."""
    for number in range(size):
        person = number // 2
        yield (
            Record(
                source_system="hub",
                source_record_id=f"{number:06d}",
                entity_type="person",
                full_name=_name_of(person),
                phone="13912345678",
                email=f"person{person}@hub.example.com",
            ),
            f"P{person:06d}",
        )


def _name_of(person: int) -> str:
    """Give everybody a name of their own."""
    given, surname = divmod(person, len(HAN_SURNAMES))
    characters = HAN_GIVEN["f"]
    return HAN_SURNAMES[surname] + characters[given % len(characters)]
