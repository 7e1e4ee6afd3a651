"""`guanlan run`: every part of the pipeline on one machine, started, watched and stopped together.

Owns the threads of a run and the order in which they begin and end. A part that dies stops the run: half a pipeline
must not look like a quiet day.
"""

import fcntl
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from alerts.owed import OutboxState
from configs import wiring
from configs.crawls import Crawls
from configs.load import Config
from configs.narrate import Say
from configs.reporting import Newsroom
from stream.ports import Misconfigured, Unavailable

log = logging.getLogger(__name__)


class Run:
    """The parts of one run. Use as a context: entering starts workers and delivery, leaving stops them in order."""

    def __init__(self, config: Config, say: Say) -> None:
        self.config = config
        self.ended = threading.Event()
        """Set when the run is to end, whether asked to or because a part died."""
        self._error: BaseException | None = None
        self._threads: list[threading.Thread] = []
        with ExitStack() as opening:  # what was opened is closed again if a later part cannot be
            opening.enter_context(alone(wiring.folder(config)))
            self.log = wiring.open_log(config)
            opening.callback(self.log.close)
            self.store = wiring.open_store(config)
            opening.callback(self.store.close)
            self.book = wiring.open_book(config)
            opening.callback(self.book.close)
            self.state = wiring.open_state(config)
            opening.callback(self.state.close)
            client = opening.enter_context(httpx.Client())
            self.workers = [
                wiring.open_worker(config, name, self.log, store=self.store, book=self.book)
                for _, name in wiring.GROUPS
            ]
            self.dispatcher = wiring.open_dispatcher(config, self.book, self.store, client)
            self.crawls = Crawls(config, self.state, say)
            self.newsroom = Newsroom(config, self.log, self.store, self.book, self.state, wait=self.ended.wait)
            self._open = opening.pop_all()

    def __enter__(self) -> Self:
        if self.config.settings.book.url is None:
            self.book.release_claims()  # a run that died here left some; what a living `guanlan digest` has is kept
        for worker in self.workers:
            self.thread(worker.name, worker.run)
        self.thread("dispatch", lambda: self.dispatcher.run(self.ended))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self.crawls.close()
        for worker in self.workers:
            worker.stop()
        for thread in self._threads:
            thread.join()  # however long its batch takes: it is committed before log and stores are closed under it
        for worker in self.workers:
            worker.close()
        self._open.close()

    def drain(self, patience: timedelta) -> None:
        """Wait until every message is judged, indexed and evaluated.

        Raises:
            Unavailable: nothing moved for `patience`.
        """
        # in the order of the flow: what an earlier group still holds may yet reach a later one
        left = self._wait_until_none(lambda: [self.log.lag(topic, group) for topic, group in wiring.GROUPS], patience)
        if left:
            raise Unavailable(f"nothing moved for {patience}; left to judge, index and evaluate: {left}")

    def settle(self, patience: timedelta) -> None:
        """Wait until every delivery is settled, or none was for `patience`: what is left is tried again later."""
        self._wait_until_none(lambda: [self.book.delivery_counts()[OutboxState.PENDING]], patience)

    def _wait_until_none(self, count: Callable[[], list[int]], patience: timedelta) -> list[int]:
        last: list[int] = []
        moved = time.monotonic()
        while not self.ended.is_set():
            left = count()
            if not any(left):
                return []
            if left != last:
                last, moved = left, time.monotonic()
            elif time.monotonic() - moved > patience.total_seconds():
                return left
            self.ended.wait(0.05)
        self.check()
        return []

    def check(self) -> None:
        """Raise what killed a part, if any did."""
        if self._error is not None:
            raise self._error

    def thread(self, name: str, work: Callable[[], Any]) -> None:
        """Run `work` in a thread that the run waits for; if it raises, the run ends."""

        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 — a part that dies, however it dies, ends the run
                log.critical("%s stopped: %s", name, type(error).__name__)
                self._error = self._error or error
                self.ended.set()

        thread = threading.Thread(target=guarded, name=name)
        thread.start()
        self._threads.append(thread)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a data folder for one run; the kernel lets go of it when the process dies, however it dies."""
    try:
        lock = (folder / "run.lock").open("w")
    except OSError as error:
        raise Misconfigured(f"data: {folder / 'run.lock'}: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Misconfigured(f"data: another run is at work in {folder}; stop it or choose another folder") from None
        yield
