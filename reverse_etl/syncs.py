"""What is to be synced: read from dbt's manifest.

A sync is a model (the desired state, in our names), its columns' meta (the
mapping to the CRM's fields) and an exposure (where to and how). Everything
that is wrong with one is said at once, so that it is mended in one go.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Literal, get_args

from reverse_etl.errors import SyncConfigurationError

Owner = Literal["warehouse", "crm", "fill_empty"]
Mode = Literal["upsert", "create_only", "update_only", "mirror"]
OnMissing = Literal["keep", "archive", "delete"]
FINGERPRINT = "fingerprint"

_SYNC_KEYS = {
    "destination", "object", "mode", "key", "after", "redirects", "removals",
    "guard", "on_missing", "match",
}  # fmt: skip
_COLUMN_KEYS = {
    "field", "owner", "links_to", "required_link", "record_id", "max_length", "pii",
    "label_zh", "rule", "default",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sync model, and the CRM field it goes to."""

    name: str
    field: str
    data_type: str
    description: str
    owner: Owner = "warehouse"
    links_to: str | None = None
    """The sync whose record this field points at; the column holds that record's key."""
    required_link: bool = False
    """Without the link the record waits, instead of going out unlinked."""
    max_length: int | None = None
    pii: str | None = None
    tests: tuple[str, ...] = ()
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """A change of more than `share` of what is known, and of more than `above` records, stops."""

    share: float
    above: int


@dataclass(frozen=True, slots=True)
class Guard:
    """How much one plan may change before a person must have looked at it."""

    creates: Limit = Limit(0.20, 50)
    updates: Limit = Limit(0.30, 50)
    archives: Limit = Limit(0.01, 5)
    min_rows: int = 1


@dataclass(frozen=True, slots=True)
class Sync:
    """One object of one CRM, kept as one model says."""

    name: str
    destination: str
    object: str
    model: str
    """The model's unique id in dbt's manifest."""
    schema: str
    table: str
    key: str
    """The key column."""
    columns: tuple[Column, ...]
    """Those with a field, in the model's order; the key column is among them."""
    mode: Mode = "upsert"
    on_missing: OnMissing = "keep"
    after: tuple[str, ...] = ()
    guard: Guard = Guard()
    match: tuple[tuple[str, ...], ...] = ()
    """Groups of CRM fields; a record that isn't ours and equals all of a group is adopted."""
    record_id: str | None = None
    """The column with the id of the CRM record that identity found to be this one."""
    redirects: tuple[str, str] | None = None
    """Schema and table of the merged and split keys."""
    description: str = ""
    mapping_hash: str = field(default="", compare=False)

    @property
    def key_field(self) -> str:
        """The CRM field that holds our key."""
        return next(column.field for column in self.columns if column.name == self.key)

    @property
    def links(self) -> tuple[Column, ...]:
        """The columns that point at records of other syncs."""
        return tuple(column for column in self.columns if column.links_to)


def default_manifest() -> Path:
    """Where dbt leaves its manifest: in `target`, or where its own DBT_TARGET_PATH says."""
    return Path(os.environ.get("DBT_TARGET_PATH", "target"), "manifest.json")


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest that dbt wrote.

    Raises:
        SyncConfigurationError: there is none, or it isn't one.
    """
    try:
        manifest = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise SyncConfigurationError(
            f"there is no {path}: run `dbt build` (or `dbt parse`) in the project's folder first"
        ) from None
    except ValueError as error:
        raise SyncConfigurationError(f"{path} is not a manifest of dbt: {error}") from error
    if not isinstance(manifest, dict) or "exposures" not in manifest:
        raise SyncConfigurationError(f"{path} is not a manifest of dbt")
    return manifest


def read_syncs(manifest: Mapping[str, Any]) -> dict[str, Sync]:
    """The syncs by name, in an order in which each comes after those it needs.

    Raises:
        SyncConfigurationError: with everything that is wrong, one line each.
    """
    problems: list[str] = []
    syncs: dict[str, Sync] = {}
    for exposure in manifest["exposures"].values():
        meta = exposure.get("config", {}).get("meta", {}).get("sync")
        if meta is None:
            continue
        reader = _Reader(exposure["name"], manifest, problems)
        sync = reader.read(exposure, meta)
        if sync is not None:
            syncs[sync.name] = sync
    problems += _wrong_references(syncs)
    if problems:
        raise SyncConfigurationError("\n".join(problems))
    return {name: syncs[name] for name in _ordered(syncs)}


def chosen(syncs: Mapping[str, Sync], names: Sequence[str]) -> list[Sync]:
    """The named syncs, or all, in order.

    Raises:
        SyncConfigurationError: a name isn't known.
    """
    unknown = [name for name in names if name not in syncs]
    if unknown:
        known = ", ".join(syncs) or "none"
        raise SyncConfigurationError(f"there is no sync {', '.join(unknown)}; there are: {known}")
    return [sync for name, sync in syncs.items() if not names or name in names]


class _Reader:
    """Reads one exposure, and notes what is wrong with it."""

    def __init__(self, name: str, manifest: Mapping[str, Any], problems: list[str]) -> None:
        self.name = name
        self.manifest = manifest
        self.problems = problems

    def wrong(self, what: str) -> None:
        self.problems.append(f"sync {self.name}: {what}")

    def read(self, exposure: Mapping[str, Any], meta: Mapping[str, Any]) -> Sync | None:
        before = len(self.problems)
        for unknown in sorted(set(meta) - _SYNC_KEYS):
            self.wrong(f"unknown setting `{unknown}`; there are: {', '.join(sorted(_SYNC_KEYS))}")
        for needed in ("destination", "object", "key"):
            if not meta.get(needed):
                self.wrong(f"`{needed}` is missing")
        model = self._model(exposure)
        if model is None or len(self.problems) > before:
            return None
        columns, record_id = self._columns(model)
        key = meta["key"]
        if not any(column.name == key for column in columns):
            self.wrong(f"the key `{key}` is no column of {model['name']} with a `field`")
        if FINGERPRINT not in model["columns"]:
            self.wrong(f"{model['name']} has no column `{FINGERPRINT}`")
        sync = Sync(
            name=self.name,
            destination=meta["destination"],
            object=meta["object"],
            model=model["unique_id"],
            schema=model["schema"],
            table=model["alias"],
            key=key,
            columns=tuple(columns),
            mode=self._one_of(meta.get("mode", "upsert"), Mode, "mode"),
            on_missing=self._one_of(meta.get("on_missing", "keep"), OnMissing, "on_missing"),
            after=tuple(meta.get("after") or ()),
            guard=self._guard(meta.get("guard") or {}),
            match=tuple(tuple(group) for group in meta.get("match") or ()),
            record_id=record_id,
            redirects=self._redirects(meta.get("redirects")),
            description=exposure.get("description", ""),
            mapping_hash=_mapping_hash(meta, model),
        )
        fields = {column.field for column in columns}
        for group in sync.match:
            for name in sorted(set(group) - fields):
                self.wrong(f"`match` names the field `{name}`, which no column goes to")
        return sync if len(self.problems) == before else None

    def _model(self, exposure: Mapping[str, Any]) -> Mapping[str, Any] | None:
        models = [
            node
            for unique_id in exposure["depends_on"]["nodes"]
            if (node := self.manifest["nodes"].get(unique_id)) is not None
            and node["name"].startswith("sync_")
        ]
        if len(models) != 1:
            self.wrong("`depends_on` must name exactly one model called sync_<crm>__<object>")
            return None
        return models[0]  # type: ignore[no-any-return]  # JSON

    def _columns(self, model: Mapping[str, Any]) -> tuple[list[Column], str | None]:
        columns: list[Column] = []
        record_id = None
        tests = _tests_by_column(self.manifest, model["unique_id"])
        for name, described in model["columns"].items():
            meta = described.get("config", {}).get("meta", {})
            for unknown in sorted(set(meta) - _COLUMN_KEYS):
                self.wrong(f"column {name}: unknown meta `{unknown}`")
            if meta.get("record_id"):
                record_id = name
            if "field" not in meta:
                continue
            columns.append(
                Column(
                    name=name,
                    field=meta["field"],
                    data_type=(described.get("data_type") or "varchar").lower(),
                    description=described.get("description", ""),
                    owner=self._one_of(meta.get("owner", "warehouse"), Owner, f"{name}: owner"),
                    links_to=meta.get("links_to"),
                    required_link=bool(meta.get("required_link", False)),
                    max_length=meta.get("max_length"),
                    pii=meta.get("pii"),
                    tests=tuple(sorted(tests.get(name, ()))),
                    rule=meta.get("rule"),
                )
            )
        seen: set[str] = set()
        for column in columns:
            if column.field in seen:
                self.wrong(f"two columns go to the field `{column.field}`")
            seen.add(column.field)
        return columns, record_id

    def _redirects(self, name: str | None) -> tuple[str, str] | None:
        if name is None:
            return None
        for node in self.manifest["nodes"].values():
            if node["resource_type"] == "model" and node["name"] == name:
                return node["schema"], node["alias"]
        self.wrong(f"`redirects` names {name}, which is no model")
        return None

    def _guard(self, meta: Mapping[str, Any]) -> Guard:
        default = Guard()
        for unknown in sorted(set(meta) - {"creates", "updates", "archives", "min_rows"}):
            self.wrong(f"guard: unknown limit `{unknown}`")
        return Guard(
            creates=self._limit(meta, "creates", default.creates),
            updates=self._limit(meta, "updates", default.updates),
            archives=self._limit(meta, "archives", default.archives),
            min_rows=int(meta.get("min_rows", default.min_rows)),
        )

    def _limit(self, meta: Mapping[str, Any], name: str, default: Limit) -> Limit:
        given = meta.get(name)
        if given is None:
            return default
        share = str(given.get("share", f"{default.share * 100}%"))
        try:
            if not share.endswith("%"):
                raise ValueError  # noqa: TRY301 - one place says what is expected
            return Limit(float(share[:-1]) / 100, int(given.get("above", default.above)))
        except (TypeError, ValueError):
            self.wrong(f"guard: {name} wants {{share: 20%, above: 50}}")
            return default

    def _one_of(self, value: Any, choice: Any, what: str) -> Any:
        if value not in get_args(choice):
            self.wrong(f"{what} is `{value}`; it can be {', '.join(get_args(choice))}")
        return value


def _tests_by_column(manifest: Mapping[str, Any], model: str) -> dict[str, set[str]]:
    tests: dict[str, set[str]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and node.get("attached_node") == model:
            name = (node.get("test_metadata") or {}).get("name", node["name"])
            tests.setdefault(node.get("column_name") or "", set()).add(name)
    return tests


def _mapping_hash(meta: Mapping[str, Any], model: Mapping[str, Any]) -> str:
    """What business and engineering sign: the settings and each column's type, words and meta."""
    columns = {
        name: [column.get("data_type"), column.get("description"), column.get("config", {})]
        for name, column in model["columns"].items()
    }
    text = json.dumps([meta, columns], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _wrong_references(syncs: Mapping[str, Sync]) -> Iterable[str]:
    for sync in syncs.values():
        for name in sync.after:
            if name not in syncs:
                yield f"sync {sync.name}: `after` names {name}, which is no sync"
        for column in sync.links:
            target = syncs.get(column.links_to or "")
            if target is None:
                yield (
                    f"sync {sync.name}: column {column.name} links to {column.links_to}, "
                    "which is no sync"
                )
            elif target.destination != sync.destination:
                yield f"sync {sync.name}: column {column.name} links into another destination"
            elif target.name not in sync.after:
                yield f"sync {sync.name}: it links to {target.name}, so `after` must name it"


def _ordered(syncs: Mapping[str, Sync]) -> list[str]:
    graph = {name: sorted(sync.after) for name, sync in sorted(syncs.items())}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise SyncConfigurationError(
            f"`after` goes round in a circle: {' → '.join(error.args[1])}"
        ) from error
