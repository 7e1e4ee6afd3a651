"""A stand: one installation of Guanlan as real processes, which are started again whenever they end.

Owns the configuration, the processes and the looking on. What is done to them belongs to `faults`, what must hold
afterwards to `verdict`.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import httpx

from alerts.book import Book
from configs import wiring
from configs.load import load
from crawlers.sandbox.site import Site
from stream.codec import decode_post, encode
from stream.ports import Unavailable
from stream.records import POSTS, Post
from tests.chaos.groups import Groups
from tests.chaos.installation import REPORTS, SOURCE, Installation
from tests.chaos.outside import Receiver
from tests.chaos.posts import undated
from tests.chaos.site import Shown
from tests.chaos.state import child, outbox, reports
from tests.factories import NOW

_ROOT = Path(__file__).parents[2]
_COMPLAINT = re.compile("unavailable, again in|delivery waits for|failed with|the log took nothing")
_PAUSE = 0.2
"""Seconds before a process that ended is started again, and between two looks at what is left."""
_GROUPS = {group: topic for topic, group in wiring.GROUPS}


class Stand:
    """Use as a context: entering starts the processes, leaving asks them to end.

    Args:
        folder: empty; configuration, logs and what the feeder has done are kept here.
        data: the data folder, which may be small.
        tables: TOML of the log, the store and the book; empty for the embedded ones.
        judges: how many judge workers.
        groups: on servers that do not notice by themselves when a reader dies.
    """

    def __init__(
        self, folder: Path, data: Path, tables: str = "", *, judges: int = 1, groups: Groups | None = None
    ) -> None:
        self.folder, self.data = folder, data
        self.receiver = Receiver()
        self.receiver.open()
        self.site = Shown()
        self.site.show(1)  # a site with nothing to show is doubted, and let rest
        self._serving = Site(self.site)
        self.kills: Counter[str] = Counter()
        self.at_work: Counter[str] = Counter()
        """Of these, how many had done something since they were started."""
        self.ended: Counter[str] = Counter()
        """How often a process ended that nobody had killed."""
        self._groups = groups
        self._lines, self._progress = folder / "posts.jsonl", folder / "fed"
        self._lines.touch()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        here = Installation(data, self._port, self.receiver.port, self._serving.base_url, tables)
        self.config = here.write(folder / "config")
        url = load(self.config).settings.book.url
        self.book_url = url.get_secret_value() if url else f"sqlite:///{data / 'book.db'}"
        self._calm = replace(here, data=folder / "calm", tables="", delay=0).write(folder / "calm-config")
        judging = [f"judge{number}" for number in range(judges)]
        self.kinds = ("feed", "crawl", *judging, "index", "alert", "schedule", "serve")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GUANLAN_", "PYTHON"))}
        self._environment = {**kept, "GUANLAN_AUTHOR_KEY": "chaos" * 8}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._begun = self._answered = 0
        self._crawl: int | None = None
        self._before: dict[str, int] = {}
        """What each kind had done when its process was started."""
        self._guard = threading.Lock()
        self._leaving = threading.Event()

    def __enter__(self) -> Self:
        config = load(self.config)
        self.log, self.state = wiring.open_log(config), wiring.open_state(config)
        self._serving.__enter__()
        before, after = NOW - timedelta(days=9), NOW - timedelta(days=8)
        with closing(Book(self.book_url)) as book:
            for name in REPORTS:  # a report that has never been made is first due at its hour
                book.open_digest(f"{name}-old", name, since=before, until=after, body="", created_at=after)
        for kind in self.kinds:
            if kind != "crawl":  # the timetable begins it
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
        self.state.close()
        self._serving.__exit__(None, None, None)
        self.receiver.shut()

    def pour(self, posts: Sequence[Post], shown: int = 0) -> None:
        """Give these to the feeder, and show so many more on the site."""
        with self._lines.open("ab") as lines:
            lines.writelines(encode(post) + b"\n" for post in posts)
        self.site.show(shown)

    def kill(self, *kinds: str) -> bool:
        """SIGKILL; they are started again a moment later. False if there was none, as of crawls."""
        if self._groups:
            self._groups.rest(kinds)
        with self._guard:
            there = {kind: pid for kind, pid in self._pids().items() if kind in kinds}
            at_work = {kind: self.worked(kind) for kind in there}
            killed = [kind for kind, pid in there.items() if _killed(pid)]
            for kind in killed:
                if kind in self._processes:
                    self._processes[kind].wait()
                with suppress(Unavailable):
                    self._before[kind] = self._done(kind)
                self.kills[kind] += 1
                self.at_work[kind] += at_work[kind]
            if self._groups:
                self._groups.bury(killed)
        return bool(killed)

    def pids(self) -> dict[str, int]:
        """The processes there are now."""
        with self._guard:
            return self._pids()

    def worked(self, kind: str) -> bool:
        """Whether a process has done something of its own since it was started: the feeder handed over posts, the crawl
        asked for a page of the site, a worker's group committed, the timetable began a crawl, the API answered."""
        try:
            return self._done(kind) > self._before.get(kind, 0)
        except Unavailable:
            return False

    def works(self, kind: str, patience: float) -> None:
        """Wait until it has `worked`.

        Raises:
            TimeoutError: it has done nothing for so many seconds.
        """
        end = time.monotonic() + patience
        while not self.worked(kind):
            if time.monotonic() > end:
                raise TimeoutError(f"{kind} has done nothing since it was started")
            time.sleep(_PAUSE)

    def undisturbed(self) -> list[Post]:
        """What a crawl that nobody kills makes of all that the site has shown since it was last called."""
        words = [sys.executable, "-m", "guanlan", "crawl", SOURCE, "--config", str(self._calm)]
        subprocess.run(words, cwd=_ROOT, env=self._environment, check=True, capture_output=True, timeout=900)
        with closing(wiring.open_log(load(self._calm))) as log, closing(log.reader(POSTS, "chaos")) as reader:
            records = reader.poll(log.size(POSTS), 1.0)
            reader.commit()
        return [undated(decode_post(record.value)) for record in records]

    def complaints(self) -> int:
        """How often a process has said so far that something could not be had and is tried again."""
        told = [errors.read_text(encoding="utf-8", errors="replace") for errors in self.folder.glob("*.txt")]
        return sum(len(_COMPLAINT.findall(lines)) for lines in told)

    def settle(self, patience: float) -> None:
        """Wait until everything poured and shown is judged, indexed, evaluated and told.

        Raises:
            TimeoutError: nothing moved for so many seconds; says what is left.
        """
        last: object = None
        moved = time.monotonic()
        while any(left := self._left()):
            if left != last:
                last, moved = left, time.monotonic()
            elif time.monotonic() - moved > patience:
                raise TimeoutError(f"left to feed, crawl, judge, index, evaluate, and deliver or report: {left}")
            time.sleep(_PAUSE)

    def answers(self, patience: float = 1800.0) -> bool:
        """Whether the API says within a time that all is well and nothing is left to do."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            told = self._told()
            if told.get("status") == "ok" and not any(lag["messages"] for lag in told["lags"]):
                return True
            time.sleep(_PAUSE)
        return False

    def _told(self) -> dict[str, Any]:
        """What the API says of itself; nothing where it says nothing."""
        try:
            told: dict[str, Any] = httpx.get(f"http://127.0.0.1:{self._port}/api/health", timeout=10).json()
        except (httpx.HTTPError, ValueError):
            return {}
        return told

    def _done(self, kind: str) -> int:
        """How much processes of this kind have done since the beginning."""
        match kind.rstrip("0123456789"):
            case "feed":
                return self._fed()
            case "crawl":
                return self.site.asked
            case "schedule":
                return self._begun
            case "serve":
                self._answered += bool(self._told())
                return self._answered
            case group:
                return self.log.size(_GROUPS[group]) - self.log.lag(_GROUPS[group], group)

    def _fed(self) -> int:
        return int(self._progress.read_text(encoding="ascii")) if self._progress.exists() else 0

    def _left(self) -> tuple[int, ...]:
        if unfed := self._lines.stat().st_size - self._fed():
            return (unfed,)
        try:
            if uncrawled := len(self.site) - len(self.state.known_posts(SOURCE, self.site.natives)):
                return (0, uncrawled)
            # in the order of the flow: what an earlier group still holds may yet reach a later one
            left = [self.log.lag(topic, group) for topic, group in wiring.GROUPS]
        except Unavailable:
            return (1,)
        if any(left):
            return (0, 0, *left, 1)
        unmade = len(REPORTS) * 2 - len(reports(self.book_url))
        return (0, 0, *left, max(0, unmade) + len(outbox(self.book_url).get("pending", ())))

    def _watch(self) -> None:
        while not self._leaving.wait(_PAUSE):
            with self._guard:
                for kind, process in self._processes.items():
                    if process.poll() is not None:
                        self.ended[kind] += process.returncode != -signal.SIGKILL
                        self._processes[kind] = self._start(kind)
                crawl = self._pids().get("crawl")
                if crawl is not None and crawl != self._crawl:
                    self._crawl, self._before["crawl"] = crawl, self.site.asked
                    self._begun += 1

    def _pids(self) -> dict[str, int]:
        own = {kind: process.pid for kind, process in self._processes.items()}
        crawl = child(own["schedule"], "crawl")
        return own if crawl is None else {**own, "crawl": crawl}

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


def _killed(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:  # a crawl that has just ended
        return False
    return True
