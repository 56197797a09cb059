"""The walls between the packages, and the rule that importing a module does nothing."""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

PACKAGES = {
    "benchmarks",
    "crm",
    "demo",
    "identity",
    "ingestion",
    "reverse_etl",
    "sandbox",
    "warehouse",
}

MAY_IMPORT = {
    "crm": set[str](),
    "sandbox": set[str](),
    "warehouse": set[str](),
    "ingestion": {"crm", "warehouse"},
    # answers come in a workbook, which is read as ingestion reads one
    "identity": {
        "warehouse",
        "ingestion.sources.documents",
        "ingestion.sources.workbooks.xlsx",
    },
    # the command line offers the sandboxes, and its questions go out as identity's do; nothing
    # else of either may be known to the engine
    "reverse_etl": {"crm", "warehouse", "sandbox.cli", "identity.sheets"},
    "demo": PACKAGES - {"benchmarks"},
    "benchmarks": PACKAGES,
}
"""Which of the project's packages, or modules, each of them may import, besides itself."""

ONLY_HERE = {"dlt": {"ingestion", "crm", "reverse_etl", "demo", "benchmarks"}, "dbt": {"warehouse"}}
"""Libraries that only some packages may import; dbt's artifacts are files and need no import."""

TOUCHING_CALLS = {
    "Popen",
    "Session",
    "check_output",
    "connect",
    "connection",
    "create_engine",
    "environ",
    "execute",
    "exists",
    "get",
    "getenv",
    "glob",
    "input",
    "is_file",
    "iterdir",
    "load",
    "load_extension",
    "makedirs",
    "mkdir",
    "now",
    "open",
    "pipeline",
    "post",
    "print",
    "read_bytes",
    "read_text",
    "request",
    "run",
    "sleep",
    "today",
    "urlopen",
    "utcnow",
    "write_text",
}
"""Calls that ask or change the world, by their last name; a constant isn't made of those."""


def forbidden_imports(package: str, source: str) -> list[str]:
    """What a module of a package imports across a wall."""
    complaints = []
    for name in imported(ast.parse(source)):
        top = name.split(".")[0]
        if top in PACKAGES - {package} and not {top, name} & MAY_IMPORT[package]:
            complaints.append(f"{package} imports {name}")
        if top in ONLY_HERE and package not in ONLY_HERE[top]:
            complaints.append(f"{package} imports {name}")
        if top == "tests":
            complaints.append(f"{package} imports {name}")
    return complaints


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules that are imported anywhere in a tree, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def run_at_import(source: str) -> list[str]:
    """What a module does when it is imported, other than making names."""
    return list(doings(ast.parse(source).body))


def doings(statements: Sequence[ast.stmt]) -> Iterator[str]:
    """The statements, of a module's or a class's level, that do something."""
    for statement in statements:
        match statement:
            case ast.Import() | ast.ImportFrom() | ast.Pass():
                continue
            case ast.Expr(value=ast.Constant()):
                continue
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="add_typer"))):
                # puts one command line's commands under another's
                continue
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from touching(default_values(statement))
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                yield from touching([statement])
            case ast.ClassDef() | ast.If() | ast.Try():
                yield from doings(inner(statement))
            case _:
                # a call whose value nobody takes is made for what it does
                yield f"line {statement.lineno}: {ast.unparse(statement).splitlines()[0]}"


def inner(statement: ast.ClassDef | ast.If | ast.Try) -> list[ast.stmt]:
    """The statements inside of one that run, or may run, at import."""
    match statement:
        case ast.If(test=test) if is_guard(test):
            return []
        case ast.If(body=body, orelse=orelse):
            return [*body, *orelse]
        case ast.Try(body=body, handlers=handlers):
            return [*body, *(each for handler in handlers for each in handler.body)]
        case _:
            return statement.body


def default_values(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    """What is worked out when a function is defined."""
    keyword_only = [default for default in function.args.kw_defaults if default]
    return [*function.args.defaults, *keyword_only]


def touching(nodes: Sequence[ast.AST]) -> Iterator[str]:
    """The calls in some nodes that ask or change the world."""
    for node in nodes:
        for call in live(node):
            name = called(call)
            if name in TOUCHING_CALLS:
                yield f"line {call.lineno}: {name}()"


def live(node: ast.AST) -> Iterator[ast.Call]:
    """The calls in a node that run when it does: not those in a lambda, which wait."""
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.Call):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from live(child)


def called(call: ast.Call) -> str:
    """The name by which something is called, without what stands before its last dot."""
    return ast.unparse(call.func).rpartition(".")[2]


def is_guard(test: ast.expr) -> bool:
    """Whether an `if` asks for TYPE_CHECKING or __main__."""
    return "TYPE_CHECKING" in ast.unparse(test) or "__main__" in ast.unparse(test)


def modules(root: Path) -> Iterator[tuple[str, Path]]:
    """Every module of the project's packages, with its package."""
    for package in sorted(PACKAGES):
        for path in sorted((root / package).rglob("*.py")):
            yield package, path
