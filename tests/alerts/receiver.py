"""A webhook receiver of the outside world on 127.0.0.1, which checks signatures with the Standard Webhooks library."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATH = "/robot/send?access_token=verysecrettoken"


@dataclass
class Receiver:
    """What came in, and what to answer next; the last answer is repeated."""

    url: str
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=lambda: [(200, {}, b"")])
    taken: list[tuple[str, Any]] = field(default_factory=list)
    """webhook-id and verified JSON of every request, whatever was answered."""
    before_answer: Callable[[], object] = lambda: None

    def next_answer(self) -> tuple[int, dict[str, str], bytes]:
        """What to answer now."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A running receiver."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Check, remember, answer."""
            body = self.rfile.read(int(self.headers["content-length"]))
            taken = Webhook(SECRET).verify(body, dict(self.headers))
            receiver.taken.append((self.headers["webhook-id"], taken))
            receiver.before_answer()
            status, headers, answer = receiver.next_answer()
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except OSError:
                pass  # the sender gave up waiting

        def log_message(self, format: str, *args: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}{PATH}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
