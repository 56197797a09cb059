"""Who has signed which mapping, and what has changed since.

A file kept in git beside the models. What was signed stands in it whole, so that the pull
request that signs shows the business owner each changed word, and so that what has changed
since can be told without git.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from reverse_etl.errors import StoppedError, SyncConfigurationError
from reverse_etl.mapping.origin import Origin
from reverse_etl.syncs import Sync, hash_of

LOCK = Path("mapping.lock.json")
VERSION = 1
_REWRITE = "sign again: reverse-etl mapping --sign --by NAME"


@dataclass(frozen=True, slots=True)
class Signature:
    """A mapping that was signed."""

    hash: str
    """The mapping's own: what each run notes."""
    signed_by: str
    signed_on: str
    """Day, in UTC."""
    mapping: Mapping[str, Any] = field(repr=False)
    """As `Sync.mapping` was."""
    sources: Mapping[str, Sequence[str]] = field(repr=False)
    """The columns of sources that each field was made of."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that isn't as it was signed."""

    sync: str
    field: str | None
    """The CRM's field; None of what is said of the sync as a whole."""
    what: str
    was: Any
    """None if it wasn't there."""
    now: Any
    """None if it isn't there any more."""


def read(path: Path = LOCK) -> dict[str, Signature]:
    """The signatures by sync; none if nothing was ever signed.

    Raises:
        SyncConfigurationError: the file is something else, or somebody has edited it.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["version"] != VERSION:
            raise SyncConfigurationError(
                f"{path} has version {data['version']}, this program writes {VERSION}; {_REWRITE}"
            )
        found = {name: Signature(**signature) for name, signature in data["syncs"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SyncConfigurationError(f"{path} holds no signatures: {error!r}") from error
    for name, signature in found.items():
        if hash_of(signature.mapping) != signature.hash:
            raise SyncConfigurationError(
                f"{path}: what stands there of {name} isn't what was signed: the file was edited, "
                f"or merged wrongly; take that sync out of it, and {_REWRITE}"
            )
    return found


def changes(sync: Sync, signature: Signature | None, origins: Mapping[str, Origin]) -> list[Change]:
    """What of a mapping isn't as it was signed; `origins` goes by our columns.

    Where a column's lineage can't be told now, for a model isn't compiled, it isn't compared.
    """
    if signature is None:
        return [Change(sync.name, None, "signature", None, sync.mapping_hash)]
    was, now = signature.mapping, sync.mapping
    found = _compared(sync.name, None, was["settings"], now["settings"])
    for name in sorted(was["fields"].keys() | now["fields"].keys()):
        before, after = was["fields"].get(name), now["fields"].get(name)
        if before is None or after is None:
            ends = (each and each["column"] for each in (before, after))
            found.append(Change(sync.name, name, "field", *ends))
        else:
            found += _compared(sync.name, name, before, after)
    for column in sync.columns:
        signed = signature.sources.get(column.field)
        if signed is None or column.source or origins[column.name].uncompiled:
            continue
        told = origins[column.name].as_list()
        if told != signed:
            found.append(Change(sync.name, column.field, "sources", signed, told))
    return found


def sign(
    syncs: Sequence[Sync],
    known: Mapping[str, Sync],
    origins: Mapping[str, Mapping[str, Origin]],
    *,
    by: str,
    on: str,
    path: Path = LOCK,
) -> list[str]:
    """Sign the mappings of some syncs; what is signed as it stands keeps its signature.

    Syncs that aren't `known` any more are forgotten.

    Returns:
        The syncs that were signed now.

    Raises:
        SyncConfigurationError: a model isn't compiled, so nobody can see what would be signed.
    """
    uncompiled = {
        model
        for sync in syncs
        for column in sync.columns
        if not column.source
        for model in origins[sync.name][column.name].uncompiled
    }
    if uncompiled:
        raise SyncConfigurationError(
            f"where the columns come from isn't known, for {', '.join(sorted(uncompiled))} isn't "
            "compiled: run `dbt compile` (or `dbt build` of the whole project), then sign"
        )
    before = read(path)
    signatures = {name: signature for name, signature in before.items() if name in known}
    signed = [sync for sync in syncs if changes(sync, before.get(sync.name), origins[sync.name])]
    for sync in signed:
        sources = {
            column.field: origins[sync.name][column.name].as_list()
            for column in sync.columns
            if not column.source
        }
        signatures[sync.name] = Signature(sync.mapping_hash, by, on, sync.mapping, sources)
    if signatures != before:
        _write(signatures, path)
    return [sync.name for sync in signed]


def demand(syncs: Sequence[Sync], path: Path = LOCK) -> None:
    """Stop where a sync is applied only with its mapping signed, and it isn't.

    By the hash alone: an apply looks at no SQL.

    Raises:
        StoppedError: it isn't signed as it stands.
    """
    wanted = [sync for sync in syncs if sync.is_signature_demanded]
    signatures = read(path) if wanted else {}
    unsigned = [
        sync.name
        for sync in wanted
        if sync.name not in signatures or signatures[sync.name].hash != sync.mapping_hash
    ]
    if unsigned:
        names = " ".join(unsigned)
        raise StoppedError(
            f"not signed as it stands: the mapping of {', '.join(unsigned)}; "
            f"`reverse-etl mapping {names} --diff` shows what has changed since it was"
        )


def _compared(
    sync: str, field_name: str | None, was: Mapping[str, Any], now: Mapping[str, Any]
) -> list[Change]:
    return [
        Change(sync, field_name, name, was.get(name), now.get(name))
        for name in sorted(was.keys() | now.keys())
        if was.get(name) != now.get(name)
    ]


def _write(signatures: Mapping[str, Signature], path: Path) -> None:
    data = {
        "version": VERSION,
        "syncs": {name: asdict(signature) for name, signature in signatures.items()},
    }
    text = json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(text + "\n", encoding="utf-8")
    unfinished.replace(path)
