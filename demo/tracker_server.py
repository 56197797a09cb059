"""Serve a Roundup tracker over HTTP: `python -m demo.tracker_server HOME PORT`.

Roundup's own server refuses to run as root; its WSGI application doesn't mind who runs it.
"""

import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from roundup.cgi.wsgi_handler import RequestDispatcher


class ThreadingServer(ThreadingMixIn, WSGIServer):
    """One thread a request, so that a slow page holds nobody up."""

    daemon_threads = True


class QuietHandler(WSGIRequestHandler):
    """Says in the log only what went wrong, and doesn't look up who is calling."""

    def address_string(self) -> str:
        """Return the caller's address; the inherited method asks the name server."""
        return str(self.client_address[0])

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Leave requests that were answered out of the log."""


def serve(home: str, port: int) -> None:
    """Serve the tracker of that folder on the loopback interface until the process is ended."""
    application = RequestDispatcher(home)
    with make_server("127.0.0.1", port, application, ThreadingServer, QuietHandler) as server:
        server.serve_forever()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
