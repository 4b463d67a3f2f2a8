"""An HTTP server that does what the service never does."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class OddServer(ThreadingHTTPServer):
    """Answers by the path, and records the headers of each request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.ended = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server: OddServer

    def do_POST(self) -> None:
        """Answers."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        getattr(self, self.path.rpartition("/")[2], self.redirect)()

    do_GET = do_PUT = do_POST

    def cookie(self) -> None:
        self._answer(200, b"{}", {"set-cookie": "a=b; Path=/", "X-Odd": "1"})

    def redirect(self) -> None:
        self._answer(302, b"", {"location": "/cookie"})

    def zipped(self) -> None:
        self._answer(200, gzip.compress('{"ticket":"值"}'.encode()), {"content-encoding": "gzip"})

    def latin(self) -> None:
        self._answer(200, b'{"ticket":"\xff"}', {})

    def cut(self) -> None:
        self._head(200, {"content-length": "100"})
        self.wfile.write(b'{"ticket":')
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def drip(self) -> None:
        """Sends a byte now and then, and never the last one."""
        self._head(200, {"content-length": "100000"})
        while not self.server.ended.wait(0.02):
            try:
                self.wfile.write(b" ")
                self.wfile.flush()
            except OSError:
                break
        self.close_connection = True

    def silence(self) -> None:
        self.server.ended.wait()
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Logs nothing."""

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self._head(status, {"content-length": str(len(body)), **headers})
        self.wfile.write(body)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


@contextmanager
def odd_server() -> Iterator[OddServer]:
    """Runs a server."""
    with OddServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.ended.set()
        server.shutdown()
        thread.join()
