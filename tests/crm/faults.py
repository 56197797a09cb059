"""A loopback proxy that does to requests what networks and servers do to them."""

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import urlsplit

Kind = Literal[
    "answer",  # answers with `status` and never asks the server
    "answer_after",  # asks the server, then answers with `status`
    "cut",  # closes the connection and never asks the server
    "cut_after",  # asks the server, then closes the connection
    "silence_after",  # asks the server, then says nothing for a long time
    "short",  # sends half of the server's answer, then closes the connection
]


@dataclass(frozen=True)
class Fault:
    kind: Kind
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b'{"code": "fault", "message": "injected"}'
    hits: Callable[[str, str], bool] = lambda _method, _path: True
    times: int = 1


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    at: float


class Proxy:
    """Stands in front of a server; `inject` faults, look at `seen` requests."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._faults: list[list[Any]] = []
        self._lock = threading.Lock()
        self.seen: list[Seen] = []
        self.silence = 3.0
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def inject(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append([fault, fault.times])

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
            self.seen.clear()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def next_fault(self, method: str, path: str) -> Fault | None:
        with self._lock:
            self.seen.append(Seen(method, path, time.monotonic()))
            for entry in self._faults:
                fault, left = entry
                if left and fault.hits(method, path):
                    entry[1] -= 1
                    return fault
        return None

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self._target.hostname, self._target.port)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65_536  # headers and body in one packet, or each answer waits 40 ms for an ACK
    disable_nagle_algorithm = True
    owner: Proxy

    def do_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.owner.next_fault(self.command, self.path)
        if fault is not None and fault.kind == "answer":
            self._answer(fault.status, list(fault.headers.items()), fault.body)
            return
        if fault is not None and fault.kind == "cut":
            self.close_connection = True
            return
        headers = {k: v for k, v in self.headers.items() if k.lower() not in {"host", "connection"}}
        status, said, content = self.owner.forward(self.command, self.path, headers, body)
        said = [(k, v) for k, v in said if k.lower() not in {"transfer-encoding", "content-length"}]
        match fault and fault.kind:
            case "answer_after":
                self._answer(fault.status, list(fault.headers.items()), fault.body)
            case "cut_after":
                self.close_connection = True
            case "silence_after":
                time.sleep(self.owner.silence)
                self.close_connection = True
            case "short":
                self._answer(status, said, content, send=len(content) // 2)
                self.close_connection = True
            case _:
                self._answer(status, said, content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_any  # noqa: N815  the library's names

    def _answer(
        self, status: int, headers: list[tuple[str, str]], body: bytes, send: int | None = None
    ) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if send is None else body[:send])

    def log_message(self, *_: Any) -> None:
        pass
