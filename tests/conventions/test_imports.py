"""The packages keep to their side of the walls, and nothing happens when one is imported."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conventions import imports as checks
from tests.conventions.complaints import expect_none


def test_no_package_imports_across_a_wall(root: Path) -> None:
    complaints = [
        f"{path.relative_to(root)}: {complaint}"
        for package, path in checks.modules(root)
        for complaint in checks.forbidden_imports(package, path.read_text(encoding="utf-8"))
    ]
    expect_none(complaints)


def test_no_module_does_anything_at_import(root: Path) -> None:
    complaints = [
        f"{path.relative_to(root)}: {complaint}"
        for _, path in checks.modules(root)
        for complaint in checks.run_at_import(path.read_text(encoding="utf-8"))
    ]
    expect_none(complaints)


def import_watched(root: Path, *names: str) -> str:
    script = Path(__file__).with_name("watched_import.py")
    finished = subprocess.run(
        [sys.executable, script, *names],
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_no_module_touches_files_or_network_at_import(root: Path) -> None:
    names = [
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        for _, path in checks.modules(root)
        if path.name != "__main__.py"
    ]
    assert import_watched(root, *names) == ""


def test_the_watch_sees_what_a_module_touches(root: Path) -> None:
    module = root / "tests" / "conventions" / "bad_inputs" / "touches_files.py"
    assert module.exists()
    touched = import_watched(root, "tests.conventions.bad_inputs.touches_files")
    assert "touches_files.py:5 open" in touched


@pytest.mark.parametrize(
    ("package", "source", "wrong"),
    [
        ("crm", "import requests", False),
        ("crm", "from crm.errors import FatalError", False),
        ("crm", "import warehouse", True),
        ("crm", "def f():\n    from ingestion.cli import main", True),
        ("warehouse", "from dbt.adapters.duckdb.plugins import BasePlugin", False),
        ("warehouse", "import crm.protocol", True),
        ("ingestion", "import crm, warehouse", False),
        ("ingestion", "from reverse_etl import ledger", True),
        ("ingestion", "import dbt", True),
        ("reverse_etl", "import ingestion", True),
        ("reverse_etl", "import demo", True),
        ("reverse_etl", "import sandbox.cli", False),
        ("reverse_etl", "import sandbox.hubspot.api", True),
        ("crm", "import sandbox.hubspot.api", True),
        ("sandbox", "import crm.hubspot.crm", True),
        ("demo", "import ingestion, reverse_etl, crm", False),
        ("demo", "import tests.conftest", True),
    ],
)
def test_an_import_across_a_wall_is_found(package: str, source: str, wrong: bool) -> None:
    assert bool(checks.forbidden_imports(package, source)) is wrong


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ('"""Doc."""\nimport os\nA = 1\nB: int = 2', False),
        ("import re\nP = re.compile('a')", False),
        ("from pathlib import Path\nHERE = Path(__file__)", False),
        ("class A:\n    b: list = field(default_factory=list)", False),
        (
            "app = typer.Typer(help='x')\n@app.command()\ndef f(a: int = typer.Option(1)): run()",
            False,
        ),
        ("if __name__ == '__main__':\n    main()", False),
        ("try:\n    import a\nexcept ImportError:\n    a = None", False),
        ("KEY = lambda row: fetch(row)", False),
        ("WORDS = 'a b'.split()", False),
        ("main()", True),
        ("C = duckdb.connect()", True),
        ("T = HERE.read_text()", True),
        ("class A:\n    b = open('c')", True),
        ("def f(a=connect()): pass", True),
        ("NOW = datetime.now()", True),
        ("app.configure()", True),
        ("WORDS = spelled('a b')", False),
        ("for a in b:\n    c = a", True),
        ("with open('a') as f:\n    pass", True),
        ("try:\n    connect()\nexcept OSError:\n    pass", True),
    ],
)
def test_what_runs_at_import_is_found(source: str, wrong: bool) -> None:
    assert bool(checks.run_at_import(source)) is wrong
