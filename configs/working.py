"""`guanlan work`: one worker loop, or the timetable, as a process of its own.

Owns what keeps such a process alive and what ends it. Judging and indexing are done by as many as like; alerting and
the timetable by one at a time, and the next takes over within seconds of its death.
"""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from threading import Event, Thread
from types import FrameType

import httpx

from alerts.book import Book
from configs import wiring
from configs.crawls import Crawls
from configs.duties import Office, keeping
from configs.load import Config
from configs.narrate import Say
from configs.reporting import Newsroom
from configs.turns import in_turn
from stream.ports import MessageLog

ALERT, TIMETABLE = "alert", "timetable"
"""Names of turns."""


def run_worker(config: Config, name: str) -> None:
    """The worker loop `judge`, `index` or `alert` until SIGTERM or Ctrl-C: the batch at hand is finished and committed
    first.

    Raises:
        Exception: whatever ended the worker, or the telling.
    """
    with closing(wiring.open_log(config)) as log:
        if name == ALERT:
            _run_alert(config, log)
            return
        with closing(wiring.open_worker(config, name, log)) as worker:
            _on_signal(worker.stop)
            worker.run()


def run_schedule(config: Config, say: Say) -> None:
    """The timetable until SIGTERM or Ctrl-C: crawls, reports, mail, retention. Of several such processes that share a
    book one is active; another takes over when it dies.

    Raises:
        Exception: whatever ended it.
    """
    ended = Event()
    with ExitStack() as opened:
        log = opened.enter_context(closing(wiring.open_log(config)))
        store = opened.enter_context(closing(wiring.open_store(config)))
        book = opened.enter_context(closing(wiring.open_book(config)))
        state = opened.enter_context(closing(wiring.open_state(config)))
        newsroom = Newsroom(config, log, store, book, state, wait=ended.wait)

        @contextmanager
        def begin() -> Iterator[None]:
            say("ready", "轮到本进程执行时间表")
            with closing(Crawls(config, state, say)) as crawls:
                office = Office(config, log, store, book, newsroom, crawls, say, ended)
                with keeping(office, crawl_now=True):
                    yield

        _on_signal(ended.set)
        in_turn(book.turn(TIMETABLE), begin, ended)


def _run_alert(config: Config, log: MessageLog) -> None:
    """Whoever raises alerts also tells of them; one that waits for its turn tells too, since deliveries are claimed
    one by one."""
    ended = Event()
    errors: list[BaseException] = []

    def watch(done: Future[None]) -> None:
        if error := done.exception():
            errors.append(error)
            ended.set()

    with closing(wiring.open_book(config)) as book, _telling(config, book, watch):
        _on_signal(ended.set)
        in_turn(book.turn(ALERT), lambda: _alerting(config, log, book, watch), ended)
    if errors:
        raise errors[0]


@contextmanager
def _alerting(config: Config, log: MessageLog, book: Book, watch: Callable[[Future[None]], None]) -> Iterator[None]:
    """The alert worker at work inside the block; at its end it leaves its group, so that another gets its share."""
    with closing(wiring.open_worker(config, ALERT, log, book=book)) as worker, ThreadPoolExecutor(1, ALERT) as pool:
        pool.submit(worker.run).add_done_callback(watch)
        try:
            yield
        finally:
            worker.stop()


@contextmanager
def _telling(config: Config, book: Book, watch: Callable[[Future[None]], None]) -> Iterator[None]:
    """Deliver what is due beside the block."""
    ended = Event()
    with ExitStack() as opened:
        store = opened.enter_context(closing(wiring.open_store(config)))
        dispatcher = wiring.open_dispatcher(config, book, store, opened.enter_context(httpx.Client()))
        pool = opened.enter_context(ThreadPoolExecutor(1, "dispatch"))
        pool.submit(dispatcher.run, ended).add_done_callback(watch)
        try:
            yield
        finally:
            ended.set()


def _on_signal(stop: Callable[[], None]) -> None:
    def handle(_: int, __: FrameType | None) -> None:
        # in a thread, because an event that is being waited for must not be set in the waiting thread
        Thread(target=stop).start()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
