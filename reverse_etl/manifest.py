"""The syncs, read from dbt's manifest.

Everything that is wrong with them is said at once, so that it is mended in one go.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, get_args

from reverse_etl.errors import SyncConfigurationError
from reverse_etl.syncs import (
    CONTESTED,
    FINGERPRINT,
    Column,
    ColumnTest,
    Guard,
    Limit,
    Mode,
    OnGone,
    OnMerged,
    OnMissing,
    Owner,
    Sync,
)

SETTINGS: Mapping[str, str] = {
    "destination": "The connection to the CRM, by its name in the settings.",
    "object": "What the CRM calls the object.",
    "key": "The column with our id; the field it goes to is how a record is known to be ours.",
    "mode": (
        "`upsert` (creates, adopts and updates; the default), `create_only` (leaves alone what is "
        "there), `update_only` (never creates), or `mirror` (`upsert`, and removes what is no "
        "longer wanted)."
    ),
    "on_missing": (
        "What becomes of a record that the model no longer has: `keep`, `flag`, `archive` or "
        "`delete`. Only ever of one that this sync created. The default is `keep`; in `mirror` it "
        "is `archive`, or `delete` where the CRM can't archive. `flag` says what is written: "
        "`{flag: {is_customer: false}}`, with fields that columns go to: a record that is wanted "
        "again gets their values back."
    ),
    "on_gone": (
        "What becomes of a record of ours that people took out of the CRM: `hold` (the default: "
        "it waits for `reverse-etl retry`) or `recreate`."
    ),
    "match": (
        "Groups of fields: a record that people made, and that equals a new one of ours in all "
        "fields of a group, is adopted."
    ),
    "after": "The syncs that go first; a sync that is linked to must be among them.",
    "redirects": (
        "The model of the keys that were merged into others or split by them: `old_key`, "
        "`new_key` and `kind`, which is `merged` or `split`."
    ),
    "merged": (
        "What becomes of the record of a key that was merged into another: `merge` (the CRM's two "
        "records become one where it can merge, else it is kept; the default), `keep`, "
        "`{flag: {status: merged}}`, or `archive` (only of one that this sync created, and only "
        "when no record of ours points at it any more)."
    ),
    "removals": "Kept for keys that are to go for a reason of their own; so far only null.",
    "guard": "How much one plan may change before a person must have looked at it: below.",
    "signed": (
        "`true`: apply and retry send nothing unless the mapping is signed as it stands "
        "(`reverse-etl mapping --check`); the default is `false`."
    ),
}
"""What an exposure may say of its sync."""

GUARDS: Mapping[str, str] = {
    "creates": "Records that would be created; a share of those known.",
    "updates": "Records that would be updated or adopted; a share of those known.",
    "merges": (
        "Records that would be merged into others, which can't be taken back; a share of those "
        "known."
    ),
    "archives": "Records that would be flagged, archived or deleted; a share of those known.",
    "clears": "Records in which one and the same field would be emptied; a share of those known.",
    "rejects": (
        "Records that can't be sent as they are, or that wait because the CRM refused them; a "
        "share of the model's rows. In delivery: records that the CRM has refused in this run; a "
        "share of those it has answered for."
    ),
    "min_rows": "The fewest rows that the model has if all is well.",
}
"""What a guard may limit."""

_COLUMN_KEYS = {
    "field", "owner", "links_to", "required_link", "record_id", "max_length", "pii",
    "label_zh", "rule", "rule_zh", "default", "source", "changed_at", "changed_at_field",
}  # fmt: skip
_TIME = re.compile("timestamp|date", re.IGNORECASE)
_NEVER_CREATES = "it never creates a record"
_NOTHING_CREATED = "it never creates a record, so there is none that it may remove"


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
    for name, sync in syncs.items():
        syncs[name] = replace(sync, linked_from=tuple(_links_to(name, syncs)))
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
        for unknown in sorted(set(meta) - set(SETTINGS)):
            self.wrong(f"unknown setting `{unknown}`; there are: {', '.join(sorted(SETTINGS))}")
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
        mode = self._one_of(meta.get("mode", "upsert"), Mode, "mode")
        markable = [column for column in columns if column.name != key]
        on_missing, flag = self._on_missing(meta.get("on_missing"), mode, markable)
        merged, merged_flag = self._merged(meta.get("merged", "merge"), mode, markable)
        sync = Sync(
            name=self.name,
            destination=meta["destination"],
            object=meta["object"],
            model=model["unique_id"],
            schema=model["schema"],
            table=model["alias"],
            key=key,
            columns=tuple(columns),
            mode=mode,
            on_missing=on_missing,
            flag=flag,
            on_gone=self._on_gone(meta.get("on_gone", "hold"), mode),
            removes_as_it_can=mode == "mirror" and meta.get("on_missing") is None,
            after=tuple(meta.get("after") or ()),
            guard=self._guard(meta.get("guard") or {}),
            match=tuple(tuple(group) for group in meta.get("match") or ()),
            record_id=record_id,
            redirects=self._redirects(meta.get("redirects")),
            merged=merged,
            merged_flag=merged_flag,
            description=exposure.get("description", ""),
            records=model.get("description", ""),
            records_zh=_text_or_none(model.get("config", {}).get("meta", {}).get("records_zh")),
            is_signature_demanded=self._boolean(meta.get("signed", False), "signed"),
        )
        if meta.get("removals") is not None:
            self.wrong("`removals` can't be carried out yet: leave it null")
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
            self._check_times(name, meta, model["columns"])
            columns.append(
                Column(
                    name=name,
                    field=meta["field"],
                    data_type=(described.get("data_type") or "varchar").lower(),
                    description=described.get("description", ""),
                    owner=self._one_of(meta.get("owner", "warehouse"), Owner, f"{name}: owner"),
                    changed_at=meta.get("changed_at"),
                    changed_at_field=meta.get("changed_at_field"),
                    links_to=meta.get("links_to"),
                    required_link=bool(meta.get("required_link", False)),
                    max_length=meta.get("max_length"),
                    pii=meta.get("pii"),
                    tests=tuple(sorted(tests.get(name, ()))),
                    rule=_text_or_none(meta.get("rule")),
                    rule_zh=_text_or_none(meta.get("rule_zh")),
                    label_zh=_text_or_none(meta.get("label_zh")),
                    default=_text_or_none(meta.get("default")),
                    source=_text_or_none(meta.get("source")),
                )
            )
        seen: set[str] = set()
        for column in columns:
            if column.field in seen:
                self.wrong(f"two columns go to the field `{column.field}`")
            seen.add(column.field)
        return columns, record_id

    def _check_times(
        self, name: str, meta: Mapping[str, Any], columns: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Whether a contested column says well what it is decided by."""
        owner = meta.get("owner", "warehouse")
        given = [each for each in ("changed_at", "changed_at_field") if meta.get(each)]
        if given and owner != "newest":
            self.wrong(f"column {name}: `{given[0]}` is for the owner newest, and it is {owner}")
        ours = meta.get("changed_at")
        if ours and _TIME.match(columns.get(ours, {}).get("data_type") or "") is None:
            self.wrong(
                f"column {name}: `changed_at` names {ours}, which is no column of the model with "
                "the data_type timestamp, timestamptz or date"
            )
        if owner in CONTESTED and meta.get("required_link"):
            self.wrong(f"column {name}: a required link can't be of owner {owner}, which may wait")

    def _redirects(self, name: str | None) -> tuple[str, str] | None:
        if name is None:
            return None
        for node in self.manifest["nodes"].values():
            if node["resource_type"] == "model" and node["name"] == name:
                return node["schema"], node["alias"]
        self.wrong(f"`redirects` names {name}, which is no model")
        return None

    def _on_missing(
        self, said: Any, mode: Mode, columns: Sequence[Column]
    ) -> tuple[OnMissing, tuple[tuple[str, str], ...]]:
        """What becomes of what is no longer wanted, and what a flag writes."""
        if said is None:
            # in a mirror the best that the CRM can do: `Sync.suited` finds out
            return ("archive" if mode == "mirror" else "keep"), ()
        flag: tuple[tuple[str, str], ...] = ()
        if isinstance(said, Mapping):
            flag = self._flag("on_missing", said, columns)
            said = "flag"
        elif said == "flag":
            self.wrong("`on_missing` says what a flag is: {flag: {is_customer: false}}")
        elif said not in get_args(OnMissing):
            self._one_of(said, OnMissing, "on_missing")
            return "keep", ()
        conflicts = {
            ("mirror", "keep"): "a mirror removes what is no longer wanted; `upsert` keeps it",
            ("create_only", "flag"): "a flag is an update, and `create_only` makes none",
            ("update_only", "flag"): _NOTHING_CREATED,
            ("update_only", "archive"): _NOTHING_CREATED,
            ("update_only", "delete"): _NOTHING_CREATED,
        }
        if (mode, said) in conflicts:
            self.wrong(f"mode {mode} with on_missing {said}: {conflicts[mode, said]}")
        return said, flag

    def _on_gone(self, said: Any, mode: Mode) -> OnGone:
        """What becomes of a record that people took out of the CRM."""
        on_gone: OnGone = self._one_of(said, OnGone, "on_gone")
        if on_gone == "recreate" and mode == "update_only":
            self.wrong(f"mode update_only with on_gone recreate: {_NEVER_CREATES}")
        return on_gone

    def _merged(
        self, said: Any, mode: Mode, columns: Sequence[Column]
    ) -> tuple[OnMerged, tuple[tuple[str, str], ...]]:
        """What becomes of a merged key's record, and what a flag writes."""
        if mode == "create_only" and said not in ("merge", "keep"):
            self.wrong("mode create_only changes no record that is there, so `merged` can't either")
        if isinstance(said, Mapping):
            return "flag", self._flag("merged", said, columns)
        if said == "flag":
            self.wrong("`merged` says what a flag is: {flag: {status: merged}}")
            return "merge", ()
        return self._one_of(said, OnMerged, "merged"), ()

    def _flag(
        self, setting: str, said: Mapping[str, Any], columns: Sequence[Column]
    ) -> tuple[tuple[str, str], ...]:
        fields = said.get("flag")
        if set(said) != {"flag"} or not isinstance(fields, Mapping) or not fields:
            self.wrong(f"`{setting}` wants a word or {{flag: {{is_customer: false}}}}")
            return ()
        writable = {c.field for c in columns if c.owner == "warehouse" and not c.links_to}
        for name in sorted({str(name) for name in fields} - writable):
            self.wrong(
                f"`{setting}` flags by the field `{name}`, which no column of owner warehouse "
                "goes to: a record that is wanted again couldn't get its value back"
            )
        for name, value in fields.items():
            if not isinstance(value, (str, int, float)) or value == "":
                self.wrong(f"`{setting}`: the flag `{name}` wants a value")
        return tuple((str(name), _as_text(value)) for name, value in fields.items())

    def _guard(self, meta: Any) -> Guard:
        default = Guard()
        if not isinstance(meta, Mapping):
            self.wrong(f"`guard` wants limits: {', '.join(GUARDS)}")
            return default
        for unknown in sorted(set(meta) - set(GUARDS)):
            self.wrong(f"guard: unknown limit `{unknown}`; there are: {', '.join(GUARDS)}")
        min_rows = meta.get("min_rows", default.min_rows)
        if not isinstance(min_rows, int) or min_rows < 0:
            self.wrong("guard: min_rows wants a number of rows")
            min_rows = default.min_rows
        limits = {
            name: self._limit(meta, name, getattr(default, name))
            for name in ("creates", "updates", "merges", "archives", "rejects", "clears")
        }
        return Guard(min_rows=min_rows, **limits)

    def _limit(self, meta: Mapping[str, Any], name: str, default: Limit) -> Limit:
        given = meta.get(name)
        if given is None:
            return default
        try:
            if set(given) - {"share", "above"}:
                raise ValueError  # noqa: TRY301 - one place says what is expected
            share = str(given.get("share", f"{default.share * 100}%"))
            if not share.endswith("%"):
                raise ValueError  # noqa: TRY301 - one place says what is expected
            limit = Limit(float(share[:-1]) / 100, int(given.get("above", default.above)))
            if not (0 <= limit.share <= 1 and limit.above >= 0):
                raise ValueError  # noqa: TRY301 - one place says what is expected
        except (AttributeError, TypeError, ValueError):
            self.wrong(f"guard: {name} wants {{share: 20%, above: 50}}")
            return default
        return limit

    def _boolean(self, value: Any, what: str) -> bool:
        if not isinstance(value, bool):
            self.wrong(f"{what} is `{value}`; it can be true, false")
        return value is True

    def _one_of(self, value: Any, choice: Any, what: str) -> Any:
        if value not in get_args(choice):
            self.wrong(f"{what} is `{value}`; it can be {', '.join(get_args(choice))}")
        return value


def _as_text(value: Any) -> str:
    """A setting as the plan's SQL has values: text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _as_text(value)


def _tests_by_column(manifest: Mapping[str, Any], model: str) -> dict[str, set[ColumnTest]]:
    tests: dict[str, set[ColumnTest]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and node.get("attached_node") == model:
            generic = node.get("test_metadata") or {}
            arguments = tuple(
                (name, _argument(value))
                for name, value in sorted((generic.get("kwargs") or {}).items())
                if name not in {"model", "column_name"}
            )
            test = ColumnTest(generic.get("name", node["name"]), arguments)
            tests.setdefault(node.get("column_name") or "", set()).add(test)
    return tests


def _argument(value: Any) -> str:
    """A test's argument as people read it: of `ref('dim_people')` the name."""
    if isinstance(value, list):
        return ", ".join(_argument(each) for each in value)
    return re.sub(r"^(?:ref|source)\((.*)\)$", _referred, _as_text(value))


def _referred(match: re.Match[str]) -> str:
    return ".".join(re.findall(r"[^\s'\",]+", match[1]))


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


def _links_to(name: str, syncs: Mapping[str, Sync]) -> Iterator[tuple[str, str]]:
    """The syncs that link to one, each with the field that does."""
    for other in syncs.values():
        for column in other.links:
            if column.links_to == name:
                yield other.name, column.field


def _ordered(syncs: Mapping[str, Sync]) -> list[str]:
    graph = {name: sorted(sync.after) for name, sync in sorted(syncs.items())}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise SyncConfigurationError(
            f"`after` goes round in a circle: {' → '.join(error.args[1])}"
        ) from error
