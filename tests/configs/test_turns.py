"""Several servers, one book: one keeps the timetable, one raises alerts, and the next takes over when it is killed."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, text

from alerts.book import Book
from configs import wiring
from configs.load import load
from configs.turns import in_turn
from stream.codec import encode
from stream.labels import Risk
from stream.ports import Message
from stream.records import JUDGED
from tests.configs.test_work import folder_of
from tests.factories import NOW, judged

TAKEOVER = 30.0


class Stage:
    """Something that one at a time may do, told as it happens."""

    def __init__(self) -> None:
        self.active: list[str] = []
        self.most = 0
        self.seen: queue.Queue[str] = queue.Queue()

    @contextmanager
    def play(self, name: str) -> Iterator[None]:
        """Be active inside the block."""
        self.active.append(name)
        self.most = max(self.most, len(self.active))
        self.seen.put(name)
        yield
        self.active.remove(name)


def test_a_turn_is_handed_over_and_never_shared(book_url: str) -> None:
    """Of three that want it one plays at a time; when it ends another begins, until all have had their turn."""
    stage = Stage()
    with closing(Book(book_url)) as book:
        stops = {name: threading.Event() for name in "abc"}

        def take_part(name: str) -> None:
            in_turn(book.turn("stage"), lambda: stage.play(name), stops[name], pause=0.02)

        threads = [threading.Thread(target=take_part, args=(name,)) for name in stops]
        for thread in threads:
            thread.start()
        played = []
        for _ in stops:
            played.append(stage.seen.get(timeout=10))
            stops[played[-1]].set()
        for thread in threads:
            thread.join()
    assert sorted(played) == sorted(stops)
    assert stage.most == 1


def test_who_loses_the_connection_stops_and_asks_again(postgres: URL) -> None:
    """The server lets go of the lock with the connection, so its holder is at work no longer, until it has it anew."""
    stage, stop = Stage(), threading.Event()
    url = postgres.render_as_string(hide_password=False)
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with closing(Book(url)) as book, engine.connect() as admin:
        thread = threading.Thread(
            target=lambda: in_turn(book.turn("lost"), lambda: stage.play("a"), stop, pause=0.02), daemon=True
        )
        thread.start()
        assert stage.seen.get(timeout=10) == "a"
        admin.execute(text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"))
        assert stage.seen.get(timeout=10) == "a"  # it left, and came back
        assert stage.most == 1
        stop.set()
        thread.join(10)
    engine.dispose()
    assert stage.active == []


def test_the_timetable_is_taken_over(tmp_path: Path, book_url: str) -> None:
    """The first keeps it and makes up for a report that nobody was up for; killed, the second has it in 30 s."""
    path = _folder(tmp_path, book_url)
    with closing(Book(book_url)) as book:
        book.open_digest(
            "old", "daily", since=NOW - timedelta(days=9), until=NOW - timedelta(days=8), body="", created_at=NOW
        )
        with _process("schedule", path) as first:
            _until(60, lambda: len(book.digests()) == 2)
            with _process("schedule", path) as second:
                _killed(first)
                assert second.stderr is not None
                assert _in_time(second.stderr.readline)
                second.send_signal(signal.SIGTERM)
                assert second.wait(30) == 0
        assert len(book.digests()) == 2


@pytest.mark.parametrize("book_url", ["postgresql"], indirect=True)
def test_alerting_is_taken_over(tmp_path: Path, book_url: str) -> None:
    """What comes after the first alert worker was killed is raised by the second in 30 s."""
    path = _folder(tmp_path, book_url)
    with closing(Book(book_url)) as book, closing(wiring.open_log(load(path))) as log:
        _say(log.append, 1)
        with _process("alert", path) as first:
            _until(60, lambda: book.alert_count() == 1)
            with _process("alert", path) as second:
                time.sleep(1)  # it waits, and has nothing to do
                _killed(first)
                _say(log.append, 2)
                _until(TAKEOVER, lambda: book.alert_count() == 2)
                second.send_signal(signal.SIGTERM)
                assert second.wait(30) == 0


def _say(append: Callable[..., None], number: int) -> None:
    one = judged(str(number), subjects=("yunting",), risks=(Risk.SAFETY,), published_at=NOW + timedelta(days=number))
    append(JUDGED, [Message(one.post.id, encode(one))])


def _folder(tmp_path: Path, book_url: str) -> Path:
    path = folder_of(tmp_path, 9)
    (tmp_path / "book.url").write_text(book_url, encoding="utf-8")
    with path.open("a", encoding="utf-8") as settings:
        settings.write(f'[book]\nurl = "file:{tmp_path / "book.url"}"\n')
    return path


@contextmanager
def _process(stage: str, config: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "guanlan", "work", stage, "--config", str(config)],
        stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env={name: value for name, value in os.environ.items() if not name.startswith("GUANLAN_")},
    )  # fmt: skip
    try:
        yield process
    finally:
        _killed(process)
        assert process.stderr is not None
        process.stderr.close()


def _killed(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()


def _until(seconds: float, wish: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not wish():
        assert time.monotonic() < end
        time.sleep(0.1)


def _in_time(read: Callable[[], str]) -> str:
    """A line, or a failure after the time a takeover may need."""
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: lines.put(read()), daemon=True).start()
    try:
        return lines.get(timeout=TAKEOVER)
    except queue.Empty:
        pytest.fail("nobody took over")
