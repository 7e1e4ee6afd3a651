"""The sandbox as a running site: for a child process of its own, or for a `with` block in a test.

Owns the socket and the server's life. Does not own what is served.
"""

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn

from crawlers.sandbox.app import app
from crawlers.sandbox.corpus import Corpus
from crawlers.sandbox.faults import Faults

BUNDLED = Path(__file__).with_name("corpus.jsonl.gz")
"""The project's own corpus: two days in a fictional world of tea shops and a phone maker."""

_HOST = "127.0.0.1"
_JOIN_SECONDS = 10


def serve(corpus: Corpus, port: int = 0, ready: Callable[[int], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM; blocks. Port 0 takes a free one; `ready` is told the port once it accepts.

    Raises:
        OSError: the port is taken.
    """
    listener = _listener(port)
    if ready is not None:
        ready(listener.getsockname()[1])
    _server(corpus)[0].run(sockets=[listener])


class Site:
    """`with Site(corpus) as site:` serves from a thread; `site.base_url` has no slash at the end."""

    def __init__(self, corpus: Corpus, port: int = 0) -> None:
        self._listener = _listener(port)
        self._server, self.faults = _server(corpus)
        self.port: int = self._listener.getsockname()[1]
        self.base_url = f"http://{_HOST}:{self.port}"
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, name="sandbox", daemon=True
        )

    def __enter__(self) -> Self:
        # the listener queues connections already, so nobody needs to wait for the server
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.should_exit = True
        self._thread.join(_JOIN_SECONDS)
        self._listener.close()


def _listener(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _server(corpus: Corpus) -> tuple[uvicorn.Server, Faults]:
    application = app(corpus)
    config = uvicorn.Config(
        application, log_level="error", access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    faults: Faults = application.state.faults
    return uvicorn.Server(config), faults
