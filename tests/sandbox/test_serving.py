"""The server of the sandboxes: kept-alive connections, pieces, pipelines, nonsense."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from sandbox.messages import Answer, Request
from sandbox.serving import serving


def echo(request: Request) -> Answer:
    return Answer(
        200, {"path": request.path, "query": request.query, "body": request.body.decode()}
    )


@pytest.fixture
def connection() -> Iterator[socket.socket]:
    with serving(echo) as url:
        address = urlsplit(url)
        assert address.hostname
        assert address.port
        with socket.create_connection((address.hostname, address.port), timeout=10) as made:
            yield made


def read(connection: socket.socket, times: int) -> bytes:
    found = b""
    while found.count(b"HTTP/1.1 ") < times or not found.endswith((b"}", b"\r\n\r\n")):
        piece = connection.recv(65_536)
        if not piece:
            break
        found += piece
    return found


def test_a_request_in_pieces_is_one_request(connection: socket.socket) -> None:
    for piece in (b"POST /a?b=1 HT", b"TP/1.1\r\ncontent-LENGTH: 4\r\n", b"\r\nab", b"cd"):
        connection.sendall(piece)
    assert b'{"path":"/a","query":"b=1","body":"abcd"}' in read(connection, 1)


def test_several_requests_in_one_piece_are_answered_in_their_order(
    connection: socket.socket,
) -> None:
    connection.sendall(b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n")
    said = read(connection, 2)
    assert said.index(b'"/1"') < said.index(b'"/2"')


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"413"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, b"431"),
    ],
)
def test_what_it_doesnt_understand_is_refused_and_the_connection_closed(
    connection: socket.socket, head: bytes, status: bytes
) -> None:
    connection.sendall(head)
    assert read(connection, 1).startswith(b"HTTP/1.1 " + status)
    assert connection.recv(1) == b""
