"""What the models must look like: each check takes them all and says what is wrong with which.

A check returns a list of complaints, one sentence each, so that a failing test
names everything that has to be mended at once.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

PII_KINDS = {"mixed", "name", "phone", "email", "address", "national_id", "wechat", "birth_date"}
"""Kinds of personal data; `mixed` is a column that holds several."""

PII_WORDS = {
    "name": "name",
    "nickname": "name",
    "mobile": "phone",
    "phone": "phone",
    "email": "email",
    "address": "address",
    "national_id": "national_id",
    "wechat_unionid": "wechat",
    "openid": "wechat",
    "birth_date": "birth_date",
}
"""A column that ends in one of these words carries personal data of that kind."""

NO_PII = {"product_name"}
"""Columns that look as if they did and don't."""

READS = {
    "staging": {"source", "seed"},
    "intermediate": {"staging", "intermediate", "seed"},
    "marts": {"intermediate", "marts", "seed"},
    "activation": {"marts"},
}
"""What each layer may read; facts read staging besides."""

IRREGULAR = "bound|built|chosen|found|kept|known|met|seen|split"

PATTERNS = {
    "staging": r"stg_(?P<folder>[a-z0-9]+(_[a-z0-9]+)*?)__[a-z0-9_]+",
    "intermediate": rf"int_[a-z0-9]+(_[a-z0-9]+)*_([a-z]+ed|{IRREGULAR})",
    "marts": r"(dim|fct|bridge)_[a-z0-9_]+",
    "activation": r"sync_(?P<folder>[a-z0-9]+(_[a-z0-9]+)*?)__[a-z0-9_]+",
}

PREFIXES_AND_SUFFIXES: dict[str, tuple[str, Callable[[str], bool]]] = {
    "boolean": ("is_ or has_", lambda name: name.startswith(("is_", "has_"))),
    "date": ("_on", lambda name: name.endswith("_on") or name == "birth_date"),
    "timestamp": ("_at", lambda name: name.endswith("_at")),
}
"""How a column is named by its type."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as its YAML has it."""

    name: str
    description: str = ""
    data_type: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parent:
    """What a model reads: of a kind (a layer, source or seed), by name (a source's own name)."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Model:
    """A model, as far as the conventions care."""

    name: str
    layer: str
    folder: str = ""
    sql: str = ""
    description: str = ""
    columns: Sequence[Column] = ()
    parents: Sequence[Parent] = ()
    tests: Sequence[str] = ()
    """Its data tests, as `test` or `column.test`."""
    unit_tests: Sequence[str] = ()
    is_contracted: bool = False


@dataclass(frozen=True, slots=True)
class Exposure:
    """An exposure with a sync's meta."""

    name: str
    reads: Sequence[str]
    sync: Mapping[str, Any]


def read_models(manifest: Mapping[str, Any]) -> list[Model]:
    """The project's models, from dbt's manifest."""
    tests: dict[str, list[str]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and node.get("attached_node"):
            name = node["test_metadata"]["name"]
            column = node.get("column_name")
            tests.setdefault(node["attached_node"], []).append(
                f"{column}.{name}" if column else name
            )
    unit_tests: dict[str, list[str]] = {}
    for unit in manifest["unit_tests"].values():
        unit_tests.setdefault(unit["model"], []).append(unit["name"])
    return [
        Model(
            name=node["name"],
            layer=node["fqn"][1],
            folder=node["fqn"][2] if len(node["fqn"]) > 3 else "",
            sql=node["raw_code"],
            description=node["description"],
            columns=read_columns(node),
            parents=[read_parent(manifest, parent) for parent in node["depends_on"]["nodes"]],
            tests=tests.get(unique_id, []),
            unit_tests=unit_tests.get(node["name"], []),
            is_contracted=node["config"]["contract"]["enforced"],
        )
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["package_name"] == "tongke"
    ]


def read_columns(node: Mapping[str, Any]) -> list[Column]:
    """A node's columns."""
    return [
        Column(
            name=column["name"],
            description=column["description"],
            data_type=column["data_type"],
            meta=column["config"]["meta"],
        )
        for column in node["columns"].values()
    ]


def read_parent(manifest: Mapping[str, Any], unique_id: str) -> Parent:
    """One of the nodes that a model depends on."""
    if unique_id.startswith("source."):
        return Parent("source", manifest["sources"][unique_id]["source_name"])
    node = manifest["nodes"][unique_id]
    kind = "seed" if node["resource_type"] == "seed" else node["fqn"][1]
    return Parent(kind, node["name"])


def read_exposures(manifest: Mapping[str, Any]) -> list[Exposure]:
    """The exposures that describe a sync."""
    return [
        Exposure(
            name=exposure["name"],
            reads=[parent.split(".")[-1] for parent in exposure["depends_on"]["nodes"]],
            sync=exposure["config"]["meta"]["sync"],
        )
        for exposure in manifest["exposures"].values()
        if "sync" in exposure["config"]["meta"]
    ]


def wrong_layers(models: Sequence[Model]) -> list[str]:
    """A layer reads what the layer rule lets it read, and nothing else."""
    complaints = []
    for model in models:
        allowed = READS.get(model.layer)
        if allowed is None:
            complaints.append(f"{model.name}: models/{model.layer} is no layer")
            continue
        if model.name.startswith("fct_"):
            allowed = allowed | {"staging"}
        for parent in model.parents:
            if parent.kind not in allowed:
                complaints.append(
                    f"{model.name} ({model.layer}) reads {parent.name} ({parent.kind}), "
                    f"but may read only {', '.join(sorted(allowed))}"
                )
            elif parent.kind == "source" and parent.name != model.folder:
                complaints.append(
                    f"{model.name} reads the source {parent.name}, but stands in {model.folder}/"
                )
    return complaints


def wrong_names(models: Sequence[Model]) -> list[str]:
    """A model's name says its layer, and its system or its verb."""
    complaints = []
    for model in models:
        found = re.fullmatch(PATTERNS.get(model.layer, ".*"), model.name)
        if found is None:
            complaints.append(f"{model.name} isn't named like a model of {model.layer}")
        elif found.groupdict().get("folder", model.folder) != model.folder:
            complaints.append(f"{model.name} stands in {model.folder}/")
    return complaints


def wrong_column_names(models: Sequence[Model]) -> list[str]:
    """Columns are in snake case, and a contracted one is named by its type."""
    complaints = []
    for model in models:
        for column in model.columns:
            if not re.fullmatch(r"_?[a-z][a-z0-9]*(_[a-z0-9]+)*", column.name):
                complaints.append(f"{model.name}.{column.name} isn't in snake case")
            if column.data_type in PREFIXES_AND_SUFFIXES and model.is_contracted:
                wanted, fits = PREFIXES_AND_SUFFIXES[column.data_type]
                if not fits(column.name):
                    complaints.append(
                        f"{model.name}.{column.name} is a {column.data_type}, so it wants {wanted}"
                    )
    return complaints


def undescribed(models: Sequence[Model], built: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Every model is described, and every column that it really has."""
    complaints = [f"{model.name} has no description" for model in models if not model.description]
    for model in models:
        described = {column.name for column in model.columns if column.description}
        complaints += [
            f"{model.name}.{name} has no description"
            for name in built.get(model.name, {})
            if name not in described
        ]
        complaints += [
            f"{model.name}.{column.name} is described but isn't there"
            for column in model.columns
            if model.name in built and column.name not in built[model.name]
        ]
    return complaints


def untested(models: Sequence[Model]) -> list[str]:
    """Every model has a data test, and its grain is one of those where others read it."""
    complaints = []
    for model in models:
        if not model.tests:
            complaints.append(f"{model.name} has no data test")
        elif model.layer in {"marts", "activation"} and not any(
            test.split(".")[-1].startswith(("unique", "one_row_per")) for test in model.tests
        ):
            complaints.append(f"{model.name} has no test that its grain is unique")
    return complaints


def wrong_unit_tests(models: Sequence[Model]) -> list[str]:
    """A unit test is named <model>_<behaviour>, and every step that decides has one."""
    complaints = [
        f"the unit test {test} isn't named {model.name}_<behaviour>"
        for model in models
        for test in model.unit_tests
        if not re.fullmatch(rf"{model.name}_[a-z0-9_]+", test)
    ]
    complaints += [
        f"{model.name} decides something and has no unit test"
        for model in models
        if not model.unit_tests and decides(model)
    ]
    return complaints


def decides(model: Model) -> bool:
    """Whether a model chooses among rows or values, so that it could choose wrongly."""
    sql = without_comments(model.sql)
    return bool(re.search(r"\b(qualify|case|row_number|arg_min|arg_max|not exists)\b", sql))


def uncontracted(models: Sequence[Model]) -> list[str]:
    """Marts and activation are promises: contracted, with a type on every column."""
    complaints = []
    for model in models:
        if model.layer not in {"marts", "activation"}:
            continue
        if not model.is_contracted:
            complaints.append(f"{model.name} has no enforced contract")
        complaints += [
            f"{model.name}.{column.name} has no data_type"
            for column in model.columns
            if not column.data_type
        ]
    return complaints


def floating(built: Mapping[str, Mapping[str, str]]) -> list[str]:
    """No column of any model is a float: money is exact from the source to the CRM."""
    return [
        f"{model}.{name} is a {data_type}"
        for model, columns in built.items()
        for name, data_type in columns.items()
        if data_type in {"FLOAT", "DOUBLE", "REAL"} and not name.endswith(("_score", "_share"))
    ]


def without_grain(models: Sequence[Model]) -> list[str]:
    """The first line of a model says what one row is."""
    return [
        f"{model.name} doesn't begin with `-- One row per ….`"
        for model in models
        if not re.match(r"-- One row per .+\.\n", model.sql)
    ]


def unnamed_pii(models: Sequence[Model]) -> list[str]:
    """Where personal data is stored for others to read, its column says of which kind it is."""
    complaints = []
    for model in models:
        if model.layer not in {"marts", "activation"}:
            continue
        for column in model.columns:
            kind = pii_kind(column.name)
            given = column.meta.get("pii")
            if given is not None and given not in PII_KINDS:
                complaints.append(f"{model.name}.{column.name}: there is no pii {given}")
            elif kind and given is None:
                complaints.append(f"{model.name}.{column.name} wants `meta: {{pii: {kind}}}`")
    return complaints


def pii_kind(name: str) -> str | None:
    """The kind of personal data that a column of this name carries."""
    if name in NO_PII or name.startswith(("is_", "has_")):
        return None
    for word, kind in PII_WORDS.items():
        if name == word or name.endswith(f"_{word}"):
            return kind
    return None


def wrong_exposures(models: Sequence[Model], exposures: Sequence[Exposure]) -> list[str]:
    """Each sync model has exactly the exposure that sends it, and says by which key."""
    complaints = []
    by_model = {name: exposure for exposure in exposures for name in exposure.reads}
    for model in models:
        if model.layer != "activation":
            continue
        exposure = by_model.get(model.name)
        if exposure is None:
            complaints.append(f"{model.name} has no exposure that sends it")
            continue
        destination, _, sent_object = model.name.removeprefix("sync_").partition("__")
        if exposure.name != f"{destination}_{sent_object}":
            complaints.append(f"{exposure.name} sends {model.name} and isn't named like it")
        for setting, wanted in (("destination", destination), ("object", sent_object)):
            if exposure.sync.get(setting) != wanted:
                complaints.append(f"{exposure.name}: its {setting} isn't {wanted}")
        key = exposure.sync.get("key")
        missing = {f"{key}.unique", f"{key}.not_null"} - set(model.tests)
        complaints += [f"{model.name}: its key lacks the test {test}" for test in sorted(missing)]
    return complaints


def careless_sql(models: Sequence[Model]) -> list[str]:
    """Columns are named once they matter, unions go by name, and no model is a program."""
    complaints = []
    for model in models:
        sql = without_comments(model.sql)
        if re.search(r"\b[a-z_]+\.\*", sql):
            complaints.append(f"{model.name} selects x.*")
        complaints += [
            f"{model.name}: {name} joins, so it must name its columns"
            for name, body in ctes(sql)
            if re.search(r"select\s+(distinct\s+)?\*", body) and re.search(r"\bjoin\b", body)
        ]
        complaints += [
            f"{model.name}: its last CTE, {name}, must name its columns"
            for name, body in ctes(sql)[-1:]
            if re.search(r"select\s+\*", body) and not re.search(r"\bunion\b", body)
        ]
        if re.search(r"\bunion all\b(?! by name)", sql):
            complaints.append(f"{model.name} has a union that doesn't go by name")
        if re.search(r"{%-?\s*(for|if(?! is_incremental\(\)))\b", sql):
            complaints.append(f"{model.name} has a Jinja for or if")
    return complaints


def without_comments(sql: str) -> str:
    """SQL without its comments."""
    return re.sub(r"--[^\n]*|{#.*?#}", "", sql, flags=re.DOTALL)


def ctes(sql: str) -> list[tuple[str, str]]:
    """The CTEs of a model in their order, each with its body."""
    starts = [
        (match["name"], match.end())
        for match in re.finditer(
            r"^(?P<name>[a-z_0-9]+) as (not )?(materialized )?\(", sql, re.MULTILINE
        )
    ]
    ends = [*(start for _, start in starts[1:]), len(sql)][: len(starts)]
    return [
        (name, body_until_its_bracket_closes(sql[start:end]))
        for (name, start), end in zip(starts, ends, strict=True)
    ]


def body_until_its_bracket_closes(text: str) -> str:
    """What stands before the closing bracket of a bracket that is already open."""
    depth = 1
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return text[:position]
    return text


def wrong_macros(manifest: Mapping[str, Any]) -> list[str]:
    """One macro a file, named like it, with its description and its arguments explained."""
    complaints = []
    for macro in project_macros(manifest):
        file_name = re.sub(r".*/|\.sql$", "", macro["original_file_path"])
        bare = re.sub(
            r"^(default|duckdb|test|materialization)_+|_(default|duckdb)$", "", macro["name"]
        )
        if bare != file_name:
            complaints.append(f"the macro {macro['name']} stands in {macro['original_file_path']}")
        if is_an_implementation(macro["name"]):
            continue
        if not macro["description"]:
            complaints.append(f"the macro {macro['name']} has no description")
        complaints += [
            f"the macro {macro['name']}: its argument {argument['name']} has no description"
            for argument in macro["arguments"]
            if not argument["description"]
        ]
    return complaints


def project_macros(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The project's own macros."""
    return (macro for macro in manifest["macros"].values() if macro["package_name"] == "tongke")


def is_an_implementation(name: str) -> bool:
    """Whether a macro is one engine's form of another that is documented."""
    return name.startswith(("default__", "duckdb__", "materialization_"))


def undescribed_resources(manifest: Mapping[str, Any]) -> list[str]:
    """Seeds, sources, exposures and singular tests say what they are."""
    complaints = []
    seeds = [node for node in manifest["nodes"].values() if node["resource_type"] == "seed"]
    sources = list(manifest["sources"].values())
    singular = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and not node.get("test_metadata")
    ]
    complaints += [
        f"the {node['resource_type']} {node['name']} has no description"
        for node in [*seeds, *sources, *singular, *manifest["exposures"].values()]
        if not node["description"]
    ]
    complaints += [
        f"{seed['name']}.{column.name} has no description"
        for seed in seeds
        for column in read_columns(seed)
        if not column.description
    ]
    # what a source's column means is said once, in staging; its type makes the table where none is
    complaints += [
        f"{source['name']}.{column.name} has no data_type"
        for source in sources
        for column in read_columns(source)
        if not column.data_type
    ]
    complaints += [
        f"the test {node['name']} is no claim: name it assert_…"
        for node in singular
        if not node["name"].startswith("assert_")
    ]
    return complaints


def out_of_order(names: Sequence[str], built: Sequence[str]) -> list[str]:
    """The columns of a YAML stand in the order of the SQL."""
    position = {name: place for place, name in enumerate(built)}
    known = [name for name in names if name in position]
    return [
        f"{second} stands before {first} in the SQL"
        for first, second in pairwise(known)
        if position[second] < position[first]
    ]
