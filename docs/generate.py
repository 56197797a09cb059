"""Write docs/reference from what the code says of itself.

    make docs          writes the pages
    make docs-check    fails if a page isn't what would be written

The commands come from their own help, the models and syncs from dbt's manifest,
so a page can't say anything else than the program does.
"""

import argparse
import ast
import difflib
import enum
import importlib
import inspect
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer.main
from dbt.cli.main import dbtRunner

from reverse_etl.manifest import GUARDS, SETTINGS
from reverse_etl.syncs import Guard, Limit

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
PROGRAMS = {
    "ingestion": "ingestion.cli",
    "identity": "identity.cli",
    "reverse-etl": "reverse_etl.cli",
    "python -m demo": "demo.cli",
}
Command = Any
Parameter = Any
"""Typer brings click along under a private name of its own, so neither has a type to import."""

LAYERS = {
    "staging": "One model per raw table: renamed, cast, normalised, newest version.",
    "intermediate": "Identity resolution and joins, in small named steps.",
    "marts": "The stable, documented, contracted tables that everybody reads.",
    "activation": "The desired state of one CRM object, one row per record the CRM should hold.",
}
SYNCS_INTRODUCTION = """\
A sync is a model and the exposure that sends it.
What a column's owner means is said under
[who owns a field](../explanation/how-it-works.md#who-owns-a-field).
"""
SETTINGS_OF_A_SYNC = """\
They stand in the exposure's meta, under `sync`.
What is wrong with them is said all at once, before anything is done; so is what the CRM can't do.
"""
GUARD_OF_A_SYNC = """\
The limits of `guard`, each a share and a number.
Only what is more than both stops; [guard a sync](../how-to/guard-a-sync.md) says how to choose.
"""
SETTINGS_INTRODUCTION = """\
Settings are read by dlt, in this order: environment variables, `.dlt/secrets.toml`,
`.dlt/config.toml`, or a vault that dlt is told of.
The folder `.dlt` is the working directory's, or that of `DLT_PROJECT_DIR`.

A setting of a file may come from the environment instead: `[sources.erp] credentials`
is `SOURCES__ERP__CREDENTIALS`.
A setting marked as secret belongs into `secrets.toml`, the environment or a vault.
"""
VARIABLES = {
    "TONGKE_WAREHOUSE": ("var/warehouse.duckdb", "The warehouse's file."),
    "TONGKE_LEDGER": (
        "var/ledger.sqlite",
        "The ledger's file: what was sent, and what came of it.",
    ),
    "TONGKE_PIPELINES": ("var/pipelines", "Where ingestion keeps its working files."),
    "TONGKE_QUOTA": (
        "var/quota",
        (
            "The folder in which all processes keep what is left of each CRM's quota; `off`: each "
            "has the account for itself."
        ),
    ),
    "TONGKE_MEMORY": (
        "4GB",
        "How much memory DuckDB takes in `dbt build`; what doesn't fit waits on disk.",
    ),
    "DLT_PROJECT_DIR": ("the working directory", "The folder whose `.dlt` is read."),
}
CONNECTION = {
    "kind": "Which file of `crm/` speaks its API; there are `selfbuilt`, `hubspot` and `wukong`.",
    "profile": "`pocketbase`, or the path of a YAML file that describes the API.",
    "base_url": "Where it is.",
    "rate": "`per_second`, `burst`, `per_day`, `in_flight`: what the CRM lets one account do.",
    "account": (
        "Whose quota it is, where that isn't told by `base_url` and, with HubSpot, the token:"
        " connections that name the same draw on one budget, those that differ don't."
    ),
}
RETENTION = {
    "values_days": "How many days values are kept, where `reverse-etl purge` isn't told an age.",
}
SHOWN_LINES = 40
NOTE = "<!-- Written by `make docs`; edit the code, not this page. -->\n"


def main() -> None:
    """Write the pages, or compare them with what is there."""
    parser = argparse.ArgumentParser(description="Write docs/reference from the code.")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    is_check = parser.parse_args().check
    manifest = parse_project()
    pages = {
        "commands.md": commands_page(),
        "models.md": models_page(manifest),
        "syncs.md": syncs_page(manifest),
        "macros-and-seeds.md": macros_page(manifest),
        "settings.md": settings_page(),
    }
    stale = [name for name, text in pages.items() if text != read(REFERENCE / name)]
    if is_check:
        for name in stale:
            sys.stderr.writelines(islice(difference(name, pages[name]), SHOWN_LINES))
        if stale:
            sys.exit(f"docs/reference is stale ({', '.join(stale)}): run `make docs`")
        return
    for name in stale:
        (REFERENCE / name).write_text(pages[name], encoding="utf-8")
        sys.stdout.write(f"wrote docs/reference/{name}\n")


def read(path: Path) -> str:
    """A page as it stands; empty if there is none."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


def difference(name: str, text: str) -> Iterator[str]:
    """What would change in a page, line by line."""
    return difflib.unified_diff(
        read(REFERENCE / name).splitlines(keepends=True),
        text.splitlines(keepends=True),
        f"{name} as it is",
        f"{name} as it would be",
        n=1,
    )


def parse_project() -> dict[str, Any]:
    """The manifest of this project, parsed into a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        result = dbtRunner().invoke(
            [
                *("parse", "--quiet", "--project-dir", str(ROOT), "--profiles-dir", str(ROOT)),
                *("--target-path", folder, "--log-path", folder),
            ]
        )
        if not result.success:
            sys.exit(f"dbt can't parse the project: {result.exception}")
        manifest: dict[str, Any] = json.loads(Path(folder, "manifest.json").read_text("utf-8"))
        return manifest


def commands_page() -> str:
    """Every command of every program, with its arguments, options and example."""
    lines = [NOTE, "# Commands\n"]
    for program, module_name in PROGRAMS.items():
        module = importlib.import_module(module_name)
        group = typer.main.get_command(module.app)
        lines.append(f"## {program}\n")
        lines.append(paragraphs(group.help or inspect.getdoc(module) or ""))
        for path, command in walk(group, program):
            lines += command_section(path, command)
    return join(lines)


def walk(command: Command, path: str) -> Iterator[tuple[str, Command]]:
    """The commands below a group, each with the words by which it is called."""
    for name, child in getattr(command, "commands", {}).items():
        if getattr(child, "commands", None):
            yield from walk(child, f"{path} {name}")
        elif not child.hidden:
            yield f"{path} {name}", child


def command_section(path: str, command: Command) -> list[str]:
    """One command's part of the page."""
    parameters = [
        parameter for parameter in command.params if not getattr(parameter, "hidden", False)
    ]
    rows = [
        [f"`{spelling(parameter)}`", sentence(getattr(parameter, "help", None) or "")]
        for parameter in parameters
    ]
    usage = " ".join([path, *(usage_of(parameter) for parameter in parameters)])
    text, example = split_example(command.help or "", path)
    lines = [f"### {path}\n", paragraphs(text), f"```\n{usage}\n```\n"]
    if rows:
        lines.append(table(["argument or option", "what it does"], rows))
    if example:
        lines.append(f"```sh\n{example}\n```\n")
    return lines


def split_example(help_text: str, path: str) -> tuple[str, str]:
    """A help text without its closing example, and the example."""
    lines = inspect.cleandoc(help_text).replace("\b", "").splitlines()
    start = next(
        (
            place
            for place, line in enumerate(lines)
            if re.match(rf"(Examples?:)?\s*[`$ ]*{re.escape(path)}\b|Examples?:\s*$", line)
        ),
        len(lines),
    )
    example = [re.sub(r"^(Examples?:)?\s*[`$ ]*|`$", "", line) for line in lines[start:]]
    return "\n".join(lines[:start]), "\n".join(line for line in example if line)


def spelling(parameter: Parameter) -> str:
    """How a parameter is written, such as `--limit N`."""
    if parameter.param_type_name == "option":
        names = ", ".join([*parameter.opts, *parameter.secondary_opts])
        return names if parameter.is_flag else f"{names} {value_name(parameter)}"
    return value_name(parameter)


def value_name(parameter: Parameter) -> str:
    """What stands for a parameter's value."""
    name = parameter.metavar or parameter.name.upper()
    name = "|".join(choices(parameter.type_descriptor.annotation)) or name
    return str(name) + ("…" if parameter.nargs == -1 else "")


def choices(annotation: object) -> list[str]:
    """The values that a parameter of this type may have, if they can be listed."""
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return [str(member.value) for member in annotation]
    values = get_args(annotation)
    if get_origin(annotation) is Literal:
        return [str(value) for value in values]
    return [choice for value in values if value is not str for choice in choices(value)]


def usage_of(parameter: Parameter) -> str:
    """A parameter in a usage line."""
    text = spelling(parameter).split(", ")[0]
    if parameter.param_type_name == "option":
        text = parameter.opts[0] + ("" if parameter.is_flag else f" {value_name(parameter)}")
    return text if parameter.required else f"[{text}]"


def models_page(manifest: Mapping[str, Any]) -> str:
    """Every model by layer, with its grain and its columns."""
    lines = [NOTE, "# Models\n"]
    for layer, text in LAYERS.items():
        lines.append(f"## {layer}\n\n{text}\n")
        for node in nodes(manifest, "model"):
            if node["fqn"][1] == layer:
                lines += model_section(node)
    return join(lines)


def model_section(node: Mapping[str, Any]) -> list[str]:
    """One model's part of the page."""
    grain = re.match(r"-- (One row per .+\.\n)", node["raw_code"])
    said = grain[1] if grain and grain[1].strip() not in node["description"] else ""
    rows = [
        [
            f"`{column['name']}`",
            column["data_type"] or "",
            sentence(column["description"]),
            str(column["config"]["meta"].get("pii", "")),
        ]
        for column in node["columns"].values()
    ]
    return [
        f"### {node['name']}\n",
        said + paragraphs(node["description"]),
        table(["column", "type", "what it is", "personal data"], rows),
    ]


def syncs_page(manifest: Mapping[str, Any]) -> str:
    """Every sync: where it writes, by which key, and which field is whose."""
    guard = Guard()
    limits = [[f"`{name}`", limit(getattr(guard, name)), text] for name, text in GUARDS.items()]
    lines = [
        NOTE,
        "# Syncs\n",
        SYNCS_INTRODUCTION,
        "## Settings\n",
        SETTINGS_OF_A_SYNC,
        table(["setting", "what it is"], [[f"`{name}`", text] for name, text in SETTINGS.items()]),
        GUARD_OF_A_SYNC,
        table(["limit", "default", "what it counts"], limits),
    ]
    by_name = {node["unique_id"]: node for node in nodes(manifest, "model")}
    for exposure in sorted(manifest["exposures"].values(), key=lambda each: str(each["name"])):
        sync = exposure["config"]["meta"].get("sync")
        if not sync:
            continue
        model = next(
            by_name[parent]
            for parent in exposure["depends_on"]["nodes"]
            if by_name.get(parent, {}).get("name", "").startswith("sync_")
        )
        lines += sync_section(exposure, sync, model)
    return join(lines)


def sync_section(
    exposure: Mapping[str, Any], sync: Mapping[str, Any], model: Mapping[str, Any]
) -> list[str]:
    """One sync's part of the page."""
    settings = [[f"`{name}`", f"`{setting(value)}`"] for name, value in sync.items()]
    fields = [
        [
            f"`{column['name']}`",
            f"`{meta['field']}`",
            column["data_type"] or "",
            str(meta.get("owner", "warehouse")),
            ", ".join(rules(meta)),
            sentence(column["description"]),
        ]
        for column in model["columns"].values()
        if "field" in (meta := column["config"]["meta"])
    ]
    return [
        f"## {exposure['name']}\n",
        paragraphs(exposure["description"]),
        f"Its model is [`{model['name']}`](models.md#{model['name']}).\n",
        table(["setting", "value"], settings),
        table(["column", "field in the CRM", "type", "owner", "rules", "what it is"], fields),
    ]


def rules(meta: Mapping[str, Any]) -> Iterator[str]:
    """What holds of a field besides its owner."""
    for name in ("links_to", "max_length", "pii", "changed_at", "changed_at_field"):
        if name in meta:
            yield f"{name.replace('_', ' ')} {meta[name]}"
    if meta.get("required_link"):
        yield "the link must exist"


def limit(value: Limit | int) -> str:
    """A guard's limit, as YAML would have it."""
    if isinstance(value, int):
        return f"`{value}`"
    return f"`{{share: {value.share:.0%}, above: {value.above}}}`"


def setting(value: object) -> str:
    """A setting on one line, as YAML would have it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {setting(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(setting(each) for each in value) + "]"
    return "null" if value is None else str(value)


def macros_page(manifest: Mapping[str, Any]) -> str:
    """Every seed and macro."""
    lines = [NOTE, "# Seeds and macros\n", "## Seeds\n"]
    for node in nodes(manifest, "seed"):
        rows = [
            [f"`{column['name']}`", column["data_type"] or "", sentence(column["description"])]
            for column in node["columns"].values()
        ]
        lines += [
            f"### {node['name']}\n",
            f"{paragraphs(node['description'])}\nIt is `{node['original_file_path']}`.\n",
            table(["column", "type", "what it is"], rows),
        ]
    lines.append("## Macros\n")
    for macro in sorted(manifest["macros"].values(), key=lambda each: str(each["name"])):
        if macro["package_name"] != "tongke" or not macro["description"]:
            continue
        rows = [
            [f"`{argument['name']}`", sentence(argument["description"])]
            for argument in macro["arguments"]
        ]
        lines += [
            f"### {macro['name'].removeprefix('test_')}\n",
            paragraphs(macro["description"]),
            table(["argument", "what it is"], rows),
        ]
    return join(lines)


def settings_page() -> str:
    """Every setting, from the dataclasses that read them."""
    variables = [[f"`{name}`", text, f"`{usual}`"] for name, (usual, text) in VARIABLES.items()]
    lines = [NOTE, "# Settings\n", SETTINGS_INTRODUCTION]
    lines += ["## Environment variables\n", table(["variable", "what it is", "default"], variables)]
    lines.append(
        "## Sources\n\nA source is a section `[sources.NAME]`; its `kind` says which of these.\n"
    )
    for heading, node, constants in sorted(settings_classes(), key=lambda each: each[0]):
        lines.append(f"### {heading}\n\n{paragraphs(ast.get_docstring(node) or '')}")
        header = ["setting", "type", "default", "what it is"]
        lines.append(table(header, attributes(node, constants)))
    rows = [[f"`{name}`", text] for name, text in CONNECTION.items()]
    lines.append("## Connections to CRMs\n\nA connection is a section `[crm.NAME]`.\n")
    lines.append(table(["setting", "what it is"], rows))
    lines.append(
        "A profile may ask for more: settings and secrets of its own, such as PocketBase's"
        " `identity` and `password`.\n"
    )
    rows = [[f"`{name}`", text] for name, text in RETENTION.items()]
    lines.append("## Retention\n\nHow long values are kept is the section `[retention]`.\n")
    lines.append(table(["setting", "what it is"], rows))
    return join(lines)


def settings_classes() -> Iterator[tuple[str, ast.ClassDef, dict[str, str]]]:
    """The classes that read a source's settings, each with a heading and its file's constants."""
    for path in (ROOT / "ingestion" / "sources").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            ast.unparse(statement.targets[0]): ast.unparse(statement.value)
            for statement in tree.body
            if isinstance(statement, ast.Assign)
        }
        for node in tree.body:
            text = ast.get_docstring(node) if isinstance(node, ast.ClassDef) else None
            if isinstance(node, ast.ClassDef) and text and "`[sources." in text:
                kind = re.search(r"of kind (\w+)", text)
                yield f"Kind {kind[1]}" if kind else f"Type {node.name}", node, constants


def attributes(node: ast.ClassDef, constants: Mapping[str, str]) -> list[list[str]]:
    """A settings class's attributes: name, type, default and what its docstring says."""
    rows = []
    for statement, following in zip(node.body, [*node.body[1:], ast.Pass()], strict=True):
        if not isinstance(statement, ast.AnnAssign):
            continue
        value = ast.unparse(statement.value) if statement.value else ""
        text = (
            str(following.value.value)
            if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            else ""
        )
        if "repr=False" in value:
            text = f"A secret. {text}"
        usual = constants.get(value, value)
        usual = "" if not usual or usual.startswith("field(") else f"`{usual}`"
        kind = ast.unparse(statement.annotation)
        rows.append([f"`{ast.unparse(statement.target)}`", f"`{kind}`", usual, sentence(text)])
    return rows


def nodes(manifest: Mapping[str, Any], resource_type: str) -> list[dict[str, Any]]:
    """The project's nodes of one kind, by folder and name."""
    found = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == resource_type and node["package_name"] == "tongke"
    ]
    return sorted(found, key=lambda node: str(node["original_file_path"]))


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table without the columns that are empty; nothing if there are no rows."""
    kept = [place for place in range(len(header)) if any(row[place] for row in rows)]
    lines = [[header[place] for place in kept], ["---"] * len(kept)]
    lines += [[row[place].replace("|", "\\|") for place in kept] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n" if rows else ""


def sentence(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


def paragraphs(text: str) -> str:
    """A text with one sentence a line; lists and code stay as they are."""
    blocks = re.split(r"\n\s*\n", inspect.cleandoc(text).strip())
    return "\n\n".join(
        block
        if re.match(r"\s*([-*|`]|\d+\.)", block)
        else re.sub(r"(?<=[a-z)`\"][.!?]) (?=[A-Z`])", "\n", sentence(block))
        for block in blocks
    ) + ("\n" if text else "")


def join(parts: Sequence[str]) -> str:
    """The parts of a page, with a blank line between them."""
    return "\n".join(part for part in parts if part)


if __name__ == "__main__":
    main()
