"""A chaos run: posts flow through a stand while one fault after the other is done to it, and after each all is counted.

Owns the course of a run on one machine's embedded parts and on a cluster's. The faults belong to `faults`.
"""

import os
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from random import Random

from configs.load import load
from stream.records import Post
from tests.chaos import faults
from tests.chaos.faults import Fault
from tests.chaos.groups import Groups
from tests.chaos.outside import Front
from tests.chaos.postgres import Postgres, programs
from tests.chaos.posts import Expected, versions
from tests.chaos.stand import Stand
from tests.chaos.verdict import Verdict, judge
from tests.stream.noida import Noida

_DISK = 320
"""Megabytes of the disk that is filled."""
_CRAWLED = 5
"""Of so many posts one is shown on the site; the feeder hands over the others."""


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one fault."""

    parts: str
    """Which log, store and book."""
    fault: str
    poured: int
    """Versions of posts handed over by the feeder since the stand began, this fault's included."""
    shown: int
    """Posts on the site."""
    kills: Counter[str]
    """Processes killed during this fault, by their kind."""
    at_work: Counter[str]
    """Of these, how many had done something since they were started."""
    ended: int
    """Processes that ended by themselves during it, and were started again."""
    complaints: int
    """How often a process said during it that something could not be had and would be tried again."""
    seconds: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Servers:
    """What a stand on servers runs on."""

    broker: Noida
    """Kafka and Elasticsearch."""
    front: Front
    """Stands before Elasticsearch."""
    book: Postgres | None
    """None where it is not installed: the book is then a file."""


def disturb(
    stand: Stand, named: str, plan: Sequence[tuple[Fault, int]], *, seed: int, patience: float
) -> Iterator[Row]:
    """Do each fault of the plan while its number of posts flow, let the stand come to rest, and look.

    Raises:
        TimeoutError: it did not come to rest.
    """
    dice = Random(seed)
    expected = Expected(load(stand.config), stand.folder / "expected.db")
    source = versions(sum(number - number // _CRAWLED for _, number in plan))
    poured = 0
    for fault, number in plan:
        began, kills, at_work = time.monotonic(), stand.kills.copy(), stand.at_work.copy()
        ended, told = stand.ended.total(), stand.complaints()
        crawled = number // _CRAWLED
        given = list(chain.from_iterable(islice(source, number - crawled)))
        portions = _portions(given, crawled, fault.steps)
        for _ in fault.act(stand, dice):
            stand.pour(*next(portions, ([], 0)))
        for portion in portions:
            stand.pour(*portion)
        poured += len(given)
        expected.add(given)
        stand.settle(patience)
        expected.add(stand.undisturbed())
        yield Row(
            parts=named,
            fault=fault.name,
            poured=poured,
            shown=len(stand.site),
            kills=stand.kills - kills,
            at_work=stand.at_work - at_work,
            ended=stand.ended.total() - ended,
            complaints=stand.complaints() - told,
            seconds=time.monotonic() - began,
            verdict=judge(stand, expected),
        )


def embedded(posts: int, kills: int, seconds: int, *, seed: int, patience: float) -> Iterator[Row]:
    """Log, store and book in SQLite files on a disk of their own.

    Args:
        posts: how many flow in all.
        kills: how often each process is killed, one by one.
        seconds: how long the longest fault lasts; others last a part of it.
    """
    short = max(2, seconds // 4)
    with on_files() as (stand, mounted):
        plan = _shares(
            posts,
            faults.kills(stand.kinds, kills),
            faults.all_at_once(3),
            faults.deaf_receiver(short),
            faults.held_database("store.db", "the store", seconds),
            faults.held_database("log.db", "the log", short),
            faults.held_database("book.db", "the book", short),
            faults.full_disk(short) if mounted else faults.quota(short),
        )
        yield from disturb(stand, "SQLite", plan, seed=seed, patience=patience)


def cluster(posts: int, kills: int, seconds: int, *, seed: int, patience: float) -> Iterator[Row]:
    """Log on Kafka's protocol, store on Elasticsearch's, book on PostgreSQL where it is installed; see `embedded`."""
    short = max(2, seconds // 4)
    with on_servers() as (stand, servers):
        book = servers.book
        plan = _shares(
            posts,
            faults.kills(stand.kinds, kills),
            faults.all_at_once(3),
            faults.deaf_receiver(short),
            faults.store_refuses(servers.front, seconds),
            faults.half_rejected(servers.front, short),
            faults.broker_away(servers.broker, 3, short),
            *([faults.database_killed(book, 3)] if book else []),
        )
        parts = f"Kafka + Elasticsearch (noida-db), {'PostgreSQL' if book else 'SQLite book'}"
        yield from disturb(stand, parts, plan, seed=seed, patience=patience)


@contextmanager
def on_files() -> Iterator[tuple[Stand, bool]]:
    """A running stand on one machine, and whether its data is on a disk small enough to be filled."""
    with tempfile.TemporaryDirectory(prefix="guanlan-chaos-") as name:
        data = Path(name) / "data"
        data.mkdir()
        with _small_disk(data) as mounted, Stand(Path(name), data) as stand:
            yield stand, mounted


@contextmanager
def on_servers() -> Iterator[tuple[Stand, Servers]]:
    """A running stand on servers, with two judges, and the servers."""
    with tempfile.TemporaryDirectory(prefix="guanlan-chaos-") as name, _servers(Path(name)) as servers:
        folder = Path(name) / "stand"
        folder.mkdir()
        tables = (
            f'[log.kafka]\nbootstrap = "{servers.broker.kafka}"\npartitions = 2\nreplication = 1\n'
            f'[store.elastic]\nurls = ["{servers.front.url}"]\nreplicas = 0\n'
        )
        if servers.book:
            (folder / "book.url").write_text(servers.book.url, encoding="ascii")
            tables += f'[book]\nurl = "file:{folder / "book.url"}"\n'
        with (
            Groups(servers.broker.kafka) as groups,
            Stand(folder, folder / "data", tables, judges=2, groups=groups) as stand,
        ):
            yield stand, servers


def _shares(posts: int, first: Fault, *others: Fault) -> list[tuple[Fault, int]]:
    """Half of the posts for the first fault, the others for the rest."""
    each = posts // 2 // len(others)
    return [(first, posts - each * len(others)), *((fault, each) for fault in others)]


def _portions(posts: list[Post], crawled: int, parts: int) -> Iterator[tuple[list[Post], int]]:
    """What is handed over at each step, and how many more the site shows: half of them at once, which takes more than
    one crawl's life, then some at each step."""
    once = crawled // 2
    for number in range(parts):
        here, there = number / parts, (number + 1) / parts
        some = int((crawled - once) * there) - int((crawled - once) * here)
        yield posts[int(len(posts) * here) : int(len(posts) * there)], some + (0 if number else once)


@contextmanager
def _small_disk(folder: Path) -> Iterator[bool]:
    """A disk of its own under a folder, where one may be mounted; whether there is."""
    if os.geteuid() != 0:
        yield False
        return
    options = ["mount", "-t", "tmpfs", "-o", f"size={_DISK}m", "tmpfs", str(folder)]
    if subprocess.run(options, check=False, capture_output=True).returncode:
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def _servers(folder: Path) -> Iterator[Servers]:
    (folder / "noida").mkdir()
    folder.chmod(0o755)  # PostgreSQL runs as another user
    installed = programs()
    with ExitStack() as opened:
        broker = Noida(folder / "noida")
        broker.start()
        opened.callback(broker.stop)
        front = Front(broker.elastic.removeprefix("http://"))
        front.open()
        opened.callback(front.shut)
        book = Postgres(folder / "postgres", installed) if installed else None
        if book:
            book.start()
            opened.callback(book.kill)
        yield Servers(broker, front, book)
