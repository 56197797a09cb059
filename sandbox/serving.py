"""A small HTTP/1.1 server for one process: connections are kept alive, answers may be spoilt.

The standard library's own costs ten times the CPU of what it carries here, and a
benchmark's server mustn't be what is measured. It understands what CRM clients
send: a method, headers, a body of a known length.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from sandbox.messages import Answer, App, Request

LARGEST_HEAD = 65_536
LARGEST_BODY = 32 * 1024 * 1024
LOOPBACK = "127.0.0.1"

_REASONS = {status.value: status.phrase for status in HTTPStatus}


class UnreadableError(Exception):
    """What came is no request that this server understands."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


async def serve(app: App, port: int, ready: asyncio.Future[int] | None = None) -> None:
    """Serve until cancelled; `ready` is told the port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(app, loop), LOOPBACK, port)
    async with server:
        if ready is not None:
            ready.set_result(server.sockets[0].getsockname()[1])
        await server.serve_forever()


@contextmanager
def serving(app: App, port: int = 0) -> Iterator[str]:
    """Serve in a thread of its own as long as the block lasts; gives the base URL."""
    loop = asyncio.new_event_loop()
    ready: asyncio.Future[int] = loop.create_future()
    task = loop.create_task(serve(app, port, ready))
    is_up = threading.Event()
    ready.add_done_callback(lambda _: is_up.set())
    task.add_done_callback(lambda _: is_up.set())

    def run() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(asyncio.wait([task]))
        finally:
            loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    is_up.wait()
    try:
        if task.done():
            task.result()
        yield f"http://{LOOPBACK}:{ready.result()}"
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(task.cancel)
        thread.join()


class _Connection(asyncio.Protocol):
    """One client's connection; its requests are answered in their order."""

    def __init__(self, app: App, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._is_waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for mypy; TCP always is one
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        del exc  # who left isn't asked why
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._advance()

    def _advance(self) -> None:
        while not self._is_waiting and self._transport is not None:
            try:
                request = _next_request(self._buffer)
            except UnreadableError as error:
                self._send(Answer(error.status), is_last=True)
                return
            if request is None:
                return
            answer = self._app(request)
            is_last = request.headers.get("connection", "").lower() == "close"
            if answer.delay > 0:
                self._is_waiting = True
                self._loop.call_later(answer.delay, self._resume, answer, is_last)
            else:
                self._send(answer, is_last=is_last)

    def _resume(self, answer: Answer, is_last: bool) -> None:  # noqa: FBT001 - call_later's way
        self._is_waiting = False
        self._send(answer, is_last=is_last)
        self._advance()

    def _send(self, answer: Answer, *, is_last: bool) -> None:
        transport = self._transport
        if transport is None:
            return
        if answer.delivery == "none":
            transport.abort()
            return
        sent = _written(answer)
        if answer.delivery == "half":
            sent = sent[: len(sent) - len(answer.encoded()) // 2 - 1]
        transport.write(sent)
        if is_last or answer.delivery == "half":
            transport.close()


def _next_request(buffer: bytearray) -> Request | None:
    """Take a whole request off the buffer; None if it hasn't come yet."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        if len(buffer) > LARGEST_HEAD:
            raise UnreadableError(431)
        return None
    lines = buffer[:end].decode("latin-1").split("\r\n")
    method, _, rest = lines[0].partition(" ")
    target, _, version = rest.rpartition(" ")
    if not version.startswith("HTTP/1."):
        raise UnreadableError(400)
    pairs = (line.partition(":") for line in lines[1:])
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if "transfer-encoding" in headers:
        raise UnreadableError(411)
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > LARGEST_BODY:
        raise UnreadableError(413)
    start, stop = end + 4, end + 4 + int(length)
    if len(buffer) < stop:
        return None
    body = bytes(memoryview(buffer)[start:stop])
    del buffer[:stop]
    path, _, query = target.partition("?")
    return Request(method, path, query, headers, body)


def _written(answer: Answer) -> bytes:
    body = answer.encoded()
    lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Unknown')}"]
    if answer.data is not None:
        lines.append("Content-Type: application/json;charset=utf-8")
    if answer.status != 204:
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
