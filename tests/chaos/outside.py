"""The outside world of a chaos run, in this process and out of the chaos: who receives notices, and a front before
Elasticsearch that can refuse."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class _Server:
    """An HTTP server on a port that the kernel chose, which can be shut and opened again on the same one."""

    port = 0

    def open(self) -> None:
        """Answer from now on."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def shut(self) -> None:
        """Refuse connections."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        raise NotImplementedError


@dataclass
class Receiver(_Server):
    """Takes signed notices and keeps a receipt of each delivery id before it answers."""

    receipts: Counter[str] = field(default_factory=Counter)
    """How often each id was taken; a careful receiver drops repeats by it."""
    refused: int = 0
    broken: bool = False
    """Answer 500, and every other time nothing at all."""

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                Webhook(SECRET).verify(body, dict(self.headers))
                with lock:
                    if receiver.broken:
                        receiver.refused += 1
                        if receiver.refused % 2:
                            self.close_connection = True
                            return
                        status = 500
                    else:
                        receiver.receipts[self.headers["webhook-id"]] += 1
                        status = 204
                with suppress(OSError):  # the sender was killed meanwhile
                    self.send_response(status)
                    self.send_header("content-length", "0")
                    self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


@dataclass
class Front(_Server):
    """Stands before an Elasticsearch server and passes calls on, all of them or in part."""

    address: str
    """The real one, `host:port`."""
    halves: bool = False
    """Of every bulk call take the first half only, and say of the others that the server is too busy."""
    rejected: int = 0
    """Documents that were refused so."""

    @property
    def url(self) -> str:
        """Its own address."""
        return f"http://127.0.0.1:{self.port}"

    def passed_on(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """The answer of the real server."""
        with closing(HTTPConnection(self.address, timeout=30)) as connection:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()

    def half(self, pass_on: Callable[[bytes], tuple[int, bytes]], body: bytes) -> tuple[int, bytes]:
        """The answer to a bulk call of which the second half is refused."""
        operations = _operations(body)
        taken, left = operations[: len(operations) // 2], operations[len(operations) // 2 :]
        items: list[Any] = []
        if taken:
            status, content = pass_on(b"".join(line for lines in taken for line in lines))
            if status != 200:
                return status, content
            items = json.loads(content)["items"]
        busy = {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "too busy"}}
        for lines in left:
            ((action, place),) = json.loads(lines[0]).items()
            items.append({action: {"_index": place["_index"], "_id": place["_id"], **busy}})
        self.rejected += len(left)
        return 200, json.dumps({"took": 1, "errors": True, "items": items}).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name: value for name, value in self.headers.items() if name.lower() != "content-length"}

                def pass_on(some: bytes) -> tuple[int, bytes]:
                    return front.passed_on(self.command, self.path, headers, some)

                try:
                    halved = front.halves and self.path.startswith("/_bulk")
                    status, content = front.half(pass_on, body) if halved else pass_on(body)
                except OSError:  # the real one is away: so are we
                    self.close_connection = True
                    return
                with suppress(OSError):  # whoever asked was killed meanwhile
                    self.send_response(status)
                    self.send_header("X-Elastic-Product", "Elasticsearch")
                    media = self.headers.get("Accept") or "application/json"
                    self.send_header("Content-Type", media if media.startswith("application/") else "application/json")
                    self.send_header("Content-Length", str(len(content)))
                    self.send_header("Connection", "close")
                    self.end_headers()
                    if self.command != "HEAD":
                        self.wfile.write(content)
                self.close_connection = True

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer  # noqa: N815 — the library's names

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


def _operations(body: bytes) -> list[list[bytes]]:
    """The lines of a bulk call, an operation each: what is to be done, and the document if there is one."""
    lines = iter(body.splitlines(keepends=True))
    return [[line] if b'"delete"' in line[:12] else [line, next(lines)] for line in lines]
