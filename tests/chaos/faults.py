"""What is done to a stand while posts flow.

A fault is a generator: each time it yields, some more posts are poured. When it ends, whatever it broke is whole again,
so that the stand can come to rest.
"""

import resource
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.chaos.outside import Front
from tests.chaos.postgres import Postgres
from tests.chaos.stand import Stand
from tests.stream.noida import Noida

_UNMOVED = 1800.0
"""Seconds in which a process does something, however busy the machine."""

Act = Callable[[Stand, Random], Iterator[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table."""

    name: str
    steps: int
    """How often `act` yields."""
    act: Act


def kills(kinds: Sequence[str], number: int) -> Fault:
    """Each kind of process so often, in an order that nobody knows, each at a random moment, whatever it is doing.

    Three times of four that moment comes after it has done something since it was started; at times it is killed while
    it still begins.
    """

    def act(stand: Stand, dice: Random) -> Iterator[None]:
        turns = [(kind, turn % 4 < 3) for kind in kinds for turn in range(number)]
        dice.shuffle(turns)
        for kind, at_work in turns:
            yield
            killed = False
            while not killed:  # the crawl may have ended meanwhile, as crawls do: the next is waited for
                if at_work:
                    stand.works(kind, _UNMOVED)
                time.sleep(dice.uniform(0.0, 1.2))
                killed = (stand.worked(kind) or not at_work) and stand.kill(kind)

    return Fault(f"kill -9 of each process {number} times, one by one at random moments", len(kinds) * number, act)


def all_at_once(number: int) -> Fault:
    """As when the power fails, but for the servers."""

    def act(stand: Stand, dice: Random) -> Iterator[None]:
        for _ in range(number):
            yield
            for kind in stand.kinds:
                stand.works(kind, _UNMOVED)
            time.sleep(dice.uniform(0.0, 2.0))
            stand.kill(*stand.kinds)

    return Fault(f"kill -9 of all processes at once, {number} times", number, act)


def deaf_receiver(seconds: int) -> Fault:
    """Whoever should be told answers 500, or not at all."""

    def act(stand: Stand, dice: Random) -> Iterator[None]:
        before = stand.receiver.refused
        stand.receiver.broken = True
        yield from _each_second(seconds)
        yield from _until(lambda: stand.receiver.refused > before)
        stand.receiver.broken = False

    return Fault(f"webhook answers 500 or nothing for {seconds} s", seconds, act)


def held_database(name: str, what: str, seconds: int) -> Fault:
    """Somebody else holds the write lock of an embedded database: nothing can be written to it."""

    def act(stand: Stand, dice: Random) -> Iterator[None]:
        with closing(sqlite3.connect(stand.data / name, timeout=30, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield from _each_second(seconds)
            other.execute("ROLLBACK")

    return Fault(f"{what} takes no writes for {seconds} s", seconds, act)


def full_disk(seconds: int) -> Fault:
    """A file fills the small disk under the data folder to the last byte."""

    def act(stand: Stand, dice: Random) -> Iterator[None]:
        ballast = stand.data / "ballast"
        yield
        with ballast.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    continue
        yield from _each_second(seconds)
        ballast.unlink()

    return Fault(f"disk full for {seconds} s", seconds + 1, act)


def quota(seconds: int) -> Fault:
    """No process may make a file longer than it is, as on a full disk, where none can be mounted."""

    def act(stand: Stand, dice: Random) -> Iterator[None]:
        yield
        tight: dict[int, tuple[int, int]] = {}
        for kind, pid in stand.pids().items():
            if kind != "feed":  # it writes down what it did, which is not Guanlan's
                tight[pid] = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, tight[pid][1]))
        yield from _each_second(seconds)
        for pid, before in tight.items():
            if Path(f"/proc/{pid}").exists():
                resource.prlimit(pid, resource.RLIMIT_FSIZE, before)

    return Fault(f"no file may grow for {seconds} s (quota instead of a full disk)", seconds + 1, act)


def broker_away(server: Noida, times: int, seconds: int) -> Fault:
    """The server of log and store goes away in the middle of everything, and comes back."""

    def act(stand: Stand, dice: Random) -> Iterator[None]:
        for _ in range(times):
            for _ in range(5):
                yield
                time.sleep(dice.uniform(0.2, 1.0))
            server.stop()  # killed, it forgets what it acknowledged last, as no broker with replicas would
            yield from _each_second(seconds)
            server.start()

    return Fault(f"broker and store away for {seconds} s, {times} times", times * (5 + seconds), act)


def database_killed(server: Postgres, times: int) -> Fault:
    """The server of the book ends without warning, and comes back."""

    def act(stand: Stand, dice: Random) -> Iterator[None]:
        for _ in range(times):
            for _ in range(5):
                yield
                time.sleep(dice.uniform(0.2, 1.0))
            server.kill()
            yield from _each_second(3)
            server.start()

    return Fault(f"PostgreSQL killed for 3 s and started again, {times} times", times * 8, act)


def store_refuses(front: Front, seconds: int) -> Fault:
    """Nobody can connect to the store."""

    def act(stand: Stand, dice: Random) -> Iterator[None]:
        front.shut()
        yield from _each_second(seconds)
        front.open()

    return Fault(f"store refuses every connection for {seconds} s", seconds, act)


def half_rejected(front: Front, seconds: int) -> Fault:
    """Of every bulk call half the documents are refused as for a server that is too busy."""

    def act(stand: Stand, dice: Random) -> Iterator[None]:
        front.halves = True
        yield from _each_second(seconds)
        yield from _until(lambda: front.rejected > 0)
        front.halves = False

    return Fault(f"half of every bulk call rejected with 429 for {seconds} s", seconds, act)


def _each_second(seconds: int) -> Iterator[None]:
    for _ in range(seconds):
        yield
        time.sleep(1.0)


def _until(met: Callable[[], bool]) -> Iterator[None]:
    """A fault that nobody has met shows nothing."""
    end = time.monotonic() + _UNMOVED
    while not met():
        if time.monotonic() > end:
            raise TimeoutError("nobody met the fault")
        yield
        time.sleep(1.0)
