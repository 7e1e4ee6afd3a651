"""A stand: one installation of Guanlan as real processes, which are started again whenever they end.

Owns the configuration, the processes and the looking on. What is done to them belongs to `faults`, what must hold
afterwards to `verdict`.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Self

import httpx

from alerts.book import Book
from configs import wiring
from configs.load import BUNDLED, load
from stream.codec import encode
from stream.ports import Unavailable
from stream.records import Post
from tests.chaos.outside import SECRET, Receiver
from tests.chaos.state import outbox, reports
from tests.factories import NOW

_ROOT = Path(__file__).parents[2]
_CHANNELS = ("risk-desk", "guardians", "guardians-lead")
_COMPLAINT = re.compile("unavailable, again in|delivery waits for|failed with|the log took nothing")
_PAUSE = 0.2
"""Seconds before a process that ended is started again, and between two looks at what is left."""
REPORTS = {f"report-{hour}": hour for hour in (0, 12)}
"""The battle reports and their hours; each has been due when a run begins, and goes to `READERS`."""
READERS = ("boss@chaos.invalid", "press@chaos.invalid")


class Stand:
    """Use as a context: entering starts the processes, leaving asks them to end.

    Args:
        folder: empty; configuration, logs and what the feeder has done are kept here.
        data: the data folder, which may be small.
        tables: TOML of the log, the store and the book; empty for the embedded ones.
        judges: how many judge workers.
        bury: told which kind was killed, for servers that do not notice a death by themselves.
    """

    def __init__(
        self, folder: Path, data: Path, tables: str = "", *, judges: int = 1, bury: Callable[[str], None] | None = None
    ) -> None:
        self.folder, self.data = folder, data
        self.receiver = Receiver()
        self.receiver.open()
        self.kills: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        """How often a process ended that nobody had killed."""
        self._bury = bury or (lambda kind: None)
        self._lines, self._progress = folder / "posts.jsonl", folder / "fed"
        self._lines.touch()
        self._poured = 0
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.config = self._write(tables)
        judging = [f"judge{number}" for number in range(judges)]
        self.kinds = ("feed", *judging, "index", "alert", "schedule", "serve")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GUANLAN_", "PYTHON"))}
        # what is compiled is kept, as where it is installed; a process begins in two thirds of the time
        self._environment = {**kept, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._guard = threading.Lock()
        self._leaving = threading.Event()

    @property
    def book_url(self) -> str:
        """Where the book is."""
        url = load(self.config).settings.book.url
        return url.get_secret_value() if url else f"sqlite:///{self.data / 'book.db'}"

    def __enter__(self) -> Self:
        self.log = wiring.open_log(load(self.config))
        before, after = NOW - timedelta(days=9), NOW - timedelta(days=8)
        with closing(Book(self.book_url)) as book:
            for name in REPORTS:  # a report that has never been made is first due at its hour
                book.open_digest(f"{name}-old", name, since=before, until=after, body="", created_at=after)
        for kind in self.kinds:
            self._processes[kind] = self._start(kind)
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        self._watcher.join()
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.log.close()
        self.receiver.shut()

    def pour(self, posts: Sequence[Post]) -> None:
        """Give these to the feeder."""
        with self._lines.open("ab") as lines:
            lines.writelines(encode(post) + b"\n" for post in posts)
        self._poured += len(posts)

    def kill(self, *kinds: str) -> None:
        """SIGKILL; they are started again a moment later."""
        with self._guard:
            for kind in kinds:
                self._processes[kind].send_signal(signal.SIGKILL)
                self._processes[kind].wait()
                self.kills[kind] += 1
        for kind in kinds:
            self._bury(kind)

    def pids(self) -> dict[str, int]:
        """The processes there are now."""
        with self._guard:
            return {kind: process.pid for kind, process in self._processes.items()}

    def complaints(self) -> int:
        """How often a process has said so far that something could not be had and is tried again."""
        told = [(self.folder / f"{kind}.txt").read_text(encoding="utf-8", errors="replace") for kind in self.kinds]
        return sum(len(_COMPLAINT.findall(lines)) for lines in told)

    def moves(self, patience: float) -> None:
        """Wait until a worker has committed something, if anything is left, but no longer than so many seconds."""
        before, end = self._done(), time.monotonic() + patience
        while any(self._left()) and self._done() == before and time.monotonic() < end:
            time.sleep(_PAUSE)

    def settle(self, patience: float) -> None:
        """Wait until everything poured is judged, indexed, evaluated and told.

        Raises:
            TimeoutError: nothing moved for so many seconds; says what is left.
        """
        last: object = None
        moved = time.monotonic()
        while any(left := self._left()):
            if left != last:
                last, moved = left, time.monotonic()
            elif time.monotonic() - moved > patience:
                raise TimeoutError(f"left to feed, judge, index, evaluate, and deliver or report: {left}")
            time.sleep(_PAUSE)

    def answers(self, patience: float = 120.0) -> bool:
        """Whether the API says within a time that all is well and nothing is left to do."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            try:
                told = httpx.get(f"http://127.0.0.1:{self._port}/api/health", timeout=10).json()
                if all(check["ok"] for check in told["checks"]) and not any(lag["messages"] for lag in told["lags"]):
                    return True
            except (httpx.HTTPError, ValueError):
                pass
            time.sleep(_PAUSE)
        return False

    def _done(self) -> list[int]:
        """How much each group has committed."""
        return [self.log.size(topic) - self.log.lag(topic, group) for topic, group in wiring.GROUPS]

    def _left(self) -> tuple[int, ...]:
        fed = int(self._progress.read_text(encoding="ascii")) if self._progress.exists() else 0
        unfed = self._lines.stat().st_size - fed
        if unfed:
            return (unfed,)
        try:
            # in the order of the flow: what an earlier group still holds may yet reach a later one
            left = [self.log.lag(topic, group) for topic, group in wiring.GROUPS]
        except Unavailable:
            return (1,)
        if any(left):
            return (*left, 1)
        unmade = len(REPORTS) * 2 - len(reports(self.book_url))
        return (*left, max(0, unmade) + len(outbox(self.book_url).get("pending", ())))

    def _watch(self) -> None:
        while not self._leaving.wait(_PAUSE):
            with self._guard:
                for kind, process in self._processes.items():
                    if process.poll() is not None:
                        self.ended[kind] += process.returncode != -signal.SIGKILL
                        self._processes[kind] = self._start(kind)

    def _start(self, kind: str) -> subprocess.Popen[bytes]:
        words = {
            "feed": ["tests.chaos.feed", str(self.config), str(self._lines), str(self._progress)],
            "serve": ["guanlan", "serve", "--config", str(self.config)],
        }.get(kind, ["guanlan", "work", kind.rstrip("0123456789"), "--config", str(self.config)])
        with (self.folder / f"{kind}.txt").open("ab") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=_ROOT,
                stdout=errors,
                stderr=errors,
                env=self._environment,
                process_group=0,  # Ctrl-C ends them in order, through us
            )

    def _write(self, tables: str) -> Path:
        folder = self.folder / "config"
        folder.mkdir()
        for file in BUNDLED.parent.glob("*.toml"):
            shutil.copyfile(file, folder / file.name)
        path = folder / "guanlan.toml"
        path.write_text(
            f'data = "{self.data}"\n{tables}\n[judge]\nmodel = "lexicon"\n'
            f"[work]\nbatch = 500\npoll_seconds = 0.2\n[serve]\nport = {self._port}\n",
            encoding="utf-8",
        )
        with (folder / "digests.toml").open("w", encoding="utf-8") as digests:
            for name, hour in REPORTS.items():
                digests.write(f'[[digest]]\nname = "{name}"\ntitle = "{name}"\nhour = {hour}\n')
                digests.write(f"recipients = {list(READERS)}\n")
        (folder / "hook.key").write_text(SECRET, encoding="ascii")
        rules_given = (BUNDLED.parent / "rules.toml").read_text(encoding="utf-8")
        with (folder / "rules.toml").open("w", encoding="utf-8") as rules:
            # how long a run takes must not decide who is told again
            rules.write(rules_given.replace('acknowledge_within = "15m"', 'acknowledge_within = "1d"'))
            for name in _CHANNELS:
                rules.write(f'\n[[channel]]\nname = "{name}"\nurl = "http://127.0.0.1:{self.receiver.port}/{name}"\n')
                rules.write(f'secret = "file:{folder / "hook.key"}"\n')
        return path
