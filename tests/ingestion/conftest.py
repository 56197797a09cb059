"""A project in a temporary folder, and real systems to land."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from wsgiref.simple_server import make_server

import pytest
from roundup import init, instance, password
from roundup.admin import AdminTool
from roundup.cgi.wsgi_handler import RequestDispatcher

from ingestion import config
from tests.ingestion.systems import (
    ERP_SCHEMA,
    ERP_SETTINGS,
    TRACKER_PASSWORD,
    Erp,
    Project,
    QuietHandler,
    ThreadingServer,
    Tracker,
)
from tests.servers import PostgreSql, ServerMissingError, free_port, postgresql


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """An empty project; no settings of this machine's user reach it."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.setenv("DLT_PROJECT_DIR", str(folder))
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv("TONGKE_WAREHOUSE", str(folder / "warehouse.duckdb"))
    monkeypatch.setenv("TONGKE_PIPELINES", str(folder / "pipelines"))
    monkeypatch.setenv("TONGKE_LEDGER", str(folder / "ledger.sqlite"))
    made = Project(folder)
    made.configure({})
    yield made
    monkeypatch.undo()
    config.reload()


@pytest.fixture
def erp(project: Project) -> Erp:
    """An empty ERP that the project is connected to."""
    made = Erp(project.folder / "erp.sqlite")
    with closing(sqlite3.connect(made.path)) as connection:
        connection.executescript(ERP_SCHEMA.format(integer="integer", timestamp="datetime"))
    project.configure(ERP_SETTINGS, {"sources": {"erp": {"credentials": f"sqlite:///{made.path}"}}})
    return made


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSql]:
    """A real PostgreSQL, for the whole session."""
    try:
        with postgresql(tmp_path_factory.mktemp("postgres")) as server:
            yield server
    except ServerMissingError as error:
        pytest.fail(str(error))


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[Tracker]:
    """A real Roundup tracker of the classic template, whose issues have a requester."""
    home = tmp_path / "tracker"
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    settings = {
        "RDBMS_BACKEND": "sqlite",
        "TRACKER_WEB": url,
        "UMASK": "0o022",
        "MAIL_DOMAIN": "example.com",
        "MAIL_HOST": "127.0.0.1",
        "MAIL_DEBUG": str(home / "mail.txt"),
        # each request signs in anew; the password lives for one test
        "PASSWORD_PBKDF2_DEFAULT_ROUNDS": "10000",
    }
    init.install(str(home), AdminTool().listTemplates()["classic"]["path"], settings=settings)
    schema = home / "schema.py"
    schema.write_text(
        schema.read_text().replace(
            '                status=Link("status"))',
            '                status=Link("status"), requester=Link("user"))',
        )
    )
    opened = instance.open(str(home))
    opened.init(password.Password(TRACKER_PASSWORD, config=opened.config))
    with make_server(
        "127.0.0.1",
        port,
        RequestDispatcher(str(home)),
        server_class=ThreadingServer,
        handler_class=QuietHandler,
    ) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Tracker(home, url, lambda: instance.open(str(home)).open("admin"))
        server.shutdown()
        thread.join()
