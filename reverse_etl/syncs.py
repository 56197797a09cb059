"""What is to be synced: read from dbt's manifest.

A sync is a model (the desired state, in our names), its columns' meta (the
mapping to the CRM's fields) and an exposure (where to and how). Everything
that is wrong with one is said at once, so that it is mended in one go.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Literal, get_args

from crm.protocol import Operation
from reverse_etl.errors import SyncConfigurationError

Owner = Literal["warehouse", "crm", "fill_empty", "newest", "review"]
CONTESTED: frozenset[Owner] = frozenset({"newest", "review"})
"""Owners under which a person may have to be asked."""
Mode = Literal["upsert", "create_only", "update_only", "mirror"]
OnMissing = Literal["keep", "flag", "archive", "delete"]
OnGone = Literal["hold", "recreate"]
OnMerged = Literal["merge", "keep", "flag", "archive"]
FINGERPRINT = "fingerprint"

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


_WRITES: Mapping[Mode, frozenset[Operation]] = {
    "upsert": frozenset({"create", "update"}),
    "create_only": frozenset({"create"}),
    "update_only": frozenset({"update"}),
    "mirror": frozenset({"create", "update"}),
}
_TIME = re.compile("timestamp|date", re.IGNORECASE)
_UNSAID: tuple[Any, ...] = (None, "", False, [], {})
_NEVER_CREATES = "it never creates a record"
_NOTHING_CREATED = "it never creates a record, so there is none that it may remove"


@dataclass(frozen=True, slots=True, order=True)
class ColumnTest:
    """A test of dbt's on a column."""

    name: str
    arguments: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """As it is written down: `relationships (field: person_id; to: dim_people)`."""
        arguments = "; ".join(f"{name}: {value}" for name, value in self.arguments)
        return f"{self.name} ({arguments})" if arguments else self.name


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sync model, and the CRM field it goes to."""

    name: str
    field: str
    data_type: str
    description: str
    owner: Owner = "warehouse"
    changed_at: str | None = None
    """The model's column with the time at which our value changed; for owner `newest`."""
    changed_at_field: str | None = None
    """The CRM's field with the time at which its value of this field changed."""
    links_to: str | None = None
    """The sync whose record this field points at; the column holds that record's key."""
    required_link: bool = False
    """Without the link the record waits, instead of going out unlinked."""
    max_length: int | None = None
    pii: str | None = None
    tests: tuple[ColumnTest, ...] = ()
    rule: str | None = None
    """What the field holds, in words for business; the description if there are none."""
    rule_zh: str | None = None
    label_zh: str | None = None
    """What people call the field in Chinese."""
    default: str | None = None
    """What the model fills in where there is no value, in words."""
    source: str | None = None
    """What the column is made of, where that can't be read from the SQL, or is better said."""

    @property
    def mapping(self) -> dict[str, Any]:
        """What is signed of it; what isn't said isn't in it."""
        return _said(
            {
                "column": self.name,
                "type": self.data_type,
                "label_zh": self.label_zh,
                "owner": self.owner,
                "changed_at": self.changed_at,
                "changed_at_field": self.changed_at_field,
                "links_to": self.links_to,
                "required_link": self.required_link,
                "max_length": self.max_length,
                "rule": _words(self.rule or self.description),
                "rule_zh": _words(self.rule_zh or ""),
                "default": self.default,
                "source": _words(self.source or ""),
                "personal_data": self.pii,
                "tests": [str(test) for test in self.tests],
            }
        )


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
    """Removals of every kind: flagged, archived, deleted."""
    min_rows: int = 1
    rejects: Limit = Limit(0.10, 50)
    """What can't be sent or was refused, of the rows wanted; in delivery, of those answered."""
    clears: Limit = Limit(0.10, 50)
    """Records that would lose the value of one field."""
    merges: Limit = Limit(0.01, 5)


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
    on_gone: OnGone = "hold"
    removes_as_it_can: bool = False
    """A mirror that doesn't say how it removes: it archives, or deletes where that can't be."""
    flag: tuple[tuple[str, str], ...] = ()
    """What is written into a record that is no longer wanted: fields and values, as text."""
    after: tuple[str, ...] = ()
    guard: Guard = Guard()
    match: tuple[tuple[str, ...], ...] = ()
    """Groups of CRM fields; a record that isn't ours and equals all of a group is adopted."""
    record_id: str | None = None
    """The column with the id of the CRM record that identity found to be this one."""
    redirects: tuple[str, str] | None = None
    """Schema and table of the merged and split keys."""
    merged: OnMerged = "merge"
    """What becomes of the record of a key that was merged into another."""
    merged_flag: tuple[tuple[str, str], ...] = ()
    """What is written into such a record: fields and values, as text."""
    can_merge: bool = False
    """Whether its CRM merges records; `suited` finds out."""
    linked_from: tuple[tuple[str, str], ...] = ()
    """The syncs that link to this one, each with the field that does."""
    description: str = ""
    records: str = ""
    """Which records are meant: the model's own description."""
    records_zh: str | None = None
    """The same in Chinese."""
    is_signature_demanded: bool = False
    """Whether it is applied only with its mapping signed as it stands."""

    @property
    def key_field(self) -> str:
        """The CRM field that holds our key."""
        return next(column.field for column in self.columns if column.name == self.key)

    @property
    def links(self) -> tuple[Column, ...]:
        """The columns that point at records of other syncs."""
        return tuple(column for column in self.columns if column.links_to)

    @property
    def contested(self) -> tuple[tuple[int, Column], ...]:
        """The columns of which a person may be asked, each with its place."""
        return tuple(each for each in enumerate(self.columns) if each[1].owner in CONTESTED)

    @property
    def on_merged(self) -> OnMerged:
        """What becomes of the record of a merged key, as the CRM and the mode allow it."""
        is_possible = self.can_merge and self.mode != "create_only"
        return "keep" if self.merged == "merge" and not is_possible else self.merged

    @property
    def operations(self) -> frozenset[Operation]:
        """What the CRM must be able to do for it."""
        needed: set[Operation] = set(_WRITES[self.mode])
        if self.on_missing != "keep":
            needed.add("update" if self.on_missing == "flag" else self.on_missing)
        if self.redirects and self.merged in {"flag", "archive"}:
            needed.add("update" if self.merged == "flag" else "archive")
        return frozenset(needed)

    @property
    def mapping(self) -> dict[str, Any]:
        """What is signed: which records go where, and each field with the words said of it.

        All of it comes from the project's YAML, so that it is the same wherever it is read,
        whether or not the CRM can be asked. What isn't said isn't in it.
        """
        settings = {
            "destination": self.destination,
            "object": self.object,
            "records": _words(self.records),
            "records_zh": _words(self.records_zh or ""),
            "key": self.key_field,
            "mode": self.mode,
            # as it can: that is the CRM's business
            "on_missing": None if self.removes_as_it_can else self.on_missing,
            "on_gone": None if self.on_gone == "hold" else self.on_gone,
            "flag": dict(self.flag),
            "merged": None if self.merged == "merge" else self.merged,
            "merged_flag": dict(self.merged_flag),
            "match": sorted(sorted(group) for group in self.match),
        }
        fields = {column.field: column.mapping for column in self.columns}
        return {"settings": _said(settings), "fields": fields}

    @property
    def mapping_hash(self) -> str:
        """The hash of what is signed; each run notes it."""
        return hash_of(self.mapping)

    def suited(self, possible: frozenset[Operation]) -> "Sync":
        """The sync as a CRM with these operations carries it out."""
        must_delete = self.removes_as_it_can and "archive" not in possible and "delete" in possible
        suited = replace(
            self,
            on_missing="delete" if must_delete else self.on_missing,
            can_merge="merge" in possible,
        )
        return self if suited == self else suited


def hash_of(mapping: Mapping[str, Any]) -> str:
    """The hash of a mapping: the same on any machine, in whatever order it was written."""
    text = json.dumps(mapping, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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


def _words(text: str) -> str:
    """A text without its line breaks, which are the YAML's."""
    return " ".join(text.split())


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in _UNSAID}


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
