"""Neighbours: sources that live on the same hosts, whose crawls do not run at the same time.

Owns who is whose neighbour, and the turns that the crawls of one process take. The turns of child processes belong to
whoever starts them (`configs`). What a host gets in a minute or a day is counted in `budgets`, whoever asks.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from crawlers.addresses import host_of
from crawlers.platforms import DEMANDS
from crawlers.sources import Source


class Ending(Protocol):
    """A crawl under way, such as a task."""

    def add_done_callback(self, done: Callable[[Any], object], /) -> object:
        """Have `done` called when it has ended."""


def hosts(source: Source) -> frozenset[str]:
    """Whom its crawls ask: the hosts it names, else its platform by name, which stands for the platform's real ones.

    Nobody where it comes as files or lives on this machine.
    """
    if source.imported or source.own_site:
        return frozenset()
    named = {host_of(address) for address in (source.base_url, *source.feeds)} | {one.lower() for one in source.hosts}
    return frozenset(named - {""}) or frozenset((DEMANDS[source.spider].platform,))


class Turns:
    """Crawls of one event loop: each begins when no neighbour's is under way. Those that have none begin at once."""

    def __init__(self) -> None:
        self._waiting: list[tuple[frozenset[str], Callable[[], Ending]]] = []
        self._busy: set[str] = set()

    def add(self, source: Source, begin: Callable[[], Ending]) -> None:
        """Call `begin` when it is its turn, which may be now."""
        self._waiting.append((hosts(source), begin))
        self._next()

    def stop(self) -> None:
        """Begin no more."""
        self._waiting.clear()

    def _next(self) -> None:
        for turn in list(self._waiting):
            wanted, begin = turn
            if not wanted & self._busy:
                self._waiting.remove(turn)
                self._busy |= wanted
                begin().add_done_callback(partial(self._over, wanted))

    def _over(self, asked: frozenset[str], _: object) -> None:
        self._busy -= asked
        self._next()
