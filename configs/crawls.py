"""Crawls as child processes: started by name, said when done, stopped together.

Owns the children. When each is due belongs to `timetable`, what one does to `crawling`; Scrapy's reactor cannot be
started twice in a process, so every crawl has its own.
"""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Lock, Semaphore
from typing import Any

from configs import wiring
from configs.child import Child
from configs.crawling import user_agent
from configs.load import Config
from configs.narrate import Say
from configs.register import held_back
from crawlers.neighbours import hosts
from crawlers.sources import Source
from crawlers.state import CrawlState

_log = logging.getLogger(__name__)


class Crawls:
    """The crawls of one process; for any number of threads."""

    def __init__(self, config: Config, state: CrawlState, say: Say) -> None:
        """Raises Misconfigured when sites are to be read and nobody can be reached."""
        if any(source.fetched for source in config.sources):
            user_agent(config)  # said once at the start, not by every crawl that then cannot begin
        self._config = config
        self._state = state
        self._say = say
        self._held: dict[str, str] = {}
        self._children: set[Child] = set()
        self._turns = {host: Lock() for source in config.sources for host in hosts(source)}
        self._room = Semaphore(config.settings.crawl.at_once)
        self._stopped = False

    def one(self, name: str) -> None:
        """Crawl one source and say what came of it, when it has ended; nothing if it must rest, or may not be read.

        It waits for others that share a host with it, and then until fewer than `crawl.at_once` are under way.
        """
        source = next(source for source in self._config.sources if source.name == name)
        with ExitStack() as turn:
            for host in sorted(hosts(source)):  # in one order, so that no two wait for each other
                turn.enter_context(self._turns[host])
            turn.enter_context(self._room)
            self._crawl(source)

    def _crawl(self, source: Source) -> None:
        name = source.name
        if self._stopped or self._held_back(source):
            return
        child = Child(["crawl", name, "--config", str(self._config.path), "--json"])
        self._children.add(child)
        try:
            if self._stopped:  # `close` may have looked before this child was there
                child.stop()
                return
            code, printed = child.finish()
        finally:
            self._children.discard(child)
        if self._stopped:
            return
        try:
            reports = json.loads(printed)
        except ValueError:  # nothing, or cut short where the child was killed
            self._say("crawl", f"{name}:采集进程异常退出({code}),下个周期再试")
            _log.error("the crawl of %s ended with code %s and no report", name, code)
            return
        for report in reports:
            self._say("crawl", _sentence(report))

    def all(self) -> None:
        """Crawl every source that is switched on once, as many at a time as `crawl.at_once`."""
        names = [source.name for source in self._config.sources if source.crawled]
        with ThreadPoolExecutor(max(1, len(names))) as pool:
            list(pool.map(self.one, names))

    def close(self) -> None:
        """End those under way, and begin no more."""
        self._stopped = True
        for child in list(self._children):
            child.stop()

    def _held_back(self, source: Source) -> bool:
        """Whether a source is not crawled now; said once as long as the reason is the same."""
        why = held_back(source, self._state, wiring.now())
        if why and self._held.get(source.name) != why:
            self._say("crawl", f"暂不采集 {why}")
        self._held[source.name] = why
        return bool(why)


def _sentence(report: dict[str, Any]) -> str:
    words = f"{report['source']}:新增 {report['posts']} 条,列表 {report['pages']} 页"
    if report["known"]:
        words += f",已有 {report['known']} 条"
    if report["drops"]:
        words += f",舍弃 {sum(report['drops'].values())} 条"
    return f"{words}。{report['reason']}" if report["reason"] else words
