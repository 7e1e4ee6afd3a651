"""Real crawls in child processes against the real sandbox, and small corpora for it to serve."""

import json
import multiprocessing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from crawlers.crawl import run_crawl
from crawlers.credentials import Credentials
from crawlers.reports import CrawlReport
from crawlers.sandbox.corpus import Corpus
from crawlers.sandbox.faults import Fault
from crawlers.sources import Access, Source
from crawlers.state import CrawlState
from stream.codec import decode_post
from stream.log_sqlite import SqliteLog
from stream.ports import Misconfigured, Unavailable
from stream.records import POSTS, Post, SourceHealth

NEWEST = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
AGENT = "GuanlanTest/1.0 (+mailto:test@example.invalid)"
ENVIRON = {
    "DOUYIN_KEY": "key",
    "DOUYIN_SECRET": "secret",
    "DOUYIN_TOKEN": "act.token",
    "WEIBO_COOKIE": "SUB=session",
    "WEIBO_TOKEN": "token",
}
NO_BLOCK = {Fault.SLOW, Fault.HTTP_500, Fault.MALFORMED, Fault.WRONG_CHARSET, Fault.HUGE}
"""Troubles of the road, not words of the platform."""
BLOCKS = [fault for fault in Fault if fault not in NO_BLOCK]
_SPIDER = {"complaint": "heimao", "forum": "autohome"}

_children = multiprocessing.get_context("forkserver")
# what Scrapy imports late is imported once, for all children; neither of these starts a reactor
_children.set_forkserver_preload(
    [
        "tests.crawlers.crawling",
        "scrapy.core.engine",
        "scrapy.core.scheduler",
        "scrapy.core.downloader.handlers.http11",
        "scrapy.downloadermiddlewares.cookies",
        "scrapy.downloadermiddlewares.httpcache",
        "scrapy.downloadermiddlewares.httpcompression",
        "scrapy.extensions.throttle",
        "scrapy.pqueues",
        "scrapy.squeues",
    ]
)


def rows(platform: str, numbers: Iterable[int], text: str = "", **more: Any) -> list[dict[str, Any]]:
    """Corpus lines, a higher number being newer."""
    return [
        {
            "platform": platform,
            "id": f"{platform}{n}",
            "author": f"某人{n % 7}",
            "text": f"第{n}条：今天的桂花乌龙很好喝。{text}",
            "published_at": (NEWEST - timedelta(seconds=10_000 - n)).isoformat(),
            "likes": n,
            **more,
        }
        for n in numbers
    ]


def corpus(folder: Path, lines: Iterable[Mapping[str, Any]]) -> Corpus:
    """The corpus of these lines, unshifted."""
    path = folder / "corpus.jsonl"
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    return Corpus.load(path)


def source(platform: str, base_url: str, **fields: Any) -> Source:
    """A source that reads the sandbox as fast as it can."""
    douyin = platform == "douyin"
    defaults: dict[str, Any] = {
        "name": platform,
        "spider": _SPIDER.get(platform, platform),
        "platform": platform,
        "access": Access.OFFICIAL_API if douyin else Access.PUBLIC_ROBOTS_OK,
        "base_url": f"{base_url}/{platform}",
        "keywords": ("*",),
        "boards": ("*",) if _SPIDER.get(platform, platform) == "autohome" else (),
        "delay_seconds": 0,
        "concurrency": 4,
        "page_size": 10,
        "max_pages": 1000,
        "requests_per_minute": 0,
        "requests_per_day": 0,
        "client_key_env": "DOUYIN_KEY" if douyin else "",
        "client_secret_env": "DOUYIN_SECRET" if douyin else "",
    }
    return Source(**{**defaults, **fields})


@dataclass(frozen=True, slots=True)
class Options:
    """What a child is told besides its sources."""

    timeout_seconds: float = 10.0
    log_fails: bool = False
    log_broken: bool = False
    ahead: timedelta = timedelta(0)
    """How much later the child thinks it is."""


class _FailingLog(SqliteLog):
    """A log whose disk is full."""

    def append(self, topic: str, messages: Any) -> None:
        raise Unavailable("full")


class _BrokenLog(SqliteLog):
    """A log that somebody made read-only while the crawl was under way."""

    def append(self, topic: str, messages: Any) -> None:
        raise Misconfigured("log.db: SQLITE_READONLY")


def child(sources: tuple[Source, ...], folder: Path, options: Options) -> None:
    """What runs in the child process."""
    log = (_FailingLog if options.log_fails else _BrokenLog if options.log_broken else SqliteLog)(folder / "log.db")
    state = CrawlState(folder / "crawl.db")
    try:
        run_crawl(
            sources,
            log,
            state,
            author_key=b"test key",
            user_agent=AGENT,
            environ=Credentials(ENVIRON),
            timeout_seconds=options.timeout_seconds,
            log_attempts=1,
            clock=lambda: datetime.now(UTC) + options.ahead,
        )
    finally:
        state.close()
        log.close()


def start(sources: Iterable[Source], folder: Path, options: Options = Options()) -> Any:
    """A crawl under way, as a process."""
    process = _children.Process(target=child, args=(tuple(sources), folder, options))
    process.start()
    return process


def crawl(sources: Iterable[Source], folder: Path, options: Options = Options()) -> dict[str, CrawlReport]:
    """A whole crawl; the latest report of each source."""
    sources = tuple(sources)
    process = start(sources, folder, options)
    process.join(300)  # a machine may be busy; a crawl that hangs is what this is for
    assert process.exitcode == 0
    return {one.name: last_report(one, folder) for one in sources}


def last_report(source: Source, folder: Path) -> CrawlReport:
    """The latest report of a source."""
    state = CrawlState(folder / "crawl.db")
    try:
        return state.reports(source.name, 1)[0]
    finally:
        state.close()


def health(sources: Iterable[Source], folder: Path, now: datetime | None = None) -> dict[str, SourceHealth]:
    """Health of each source."""
    state = CrawlState(folder / "crawl.db")
    try:
        return {one.name: one for one in state.health(tuple(sources), now or datetime.now(UTC))}
    finally:
        state.close()


def logged(folder: Path) -> list[Post]:
    """Every post of the log, repeats included, in order."""
    log = SqliteLog(folder / "log.db")
    try:
        reader = log.reader(POSTS, "test")
        try:
            found: list[Post] = []
            while records := reader.poll(1000, 0):
                found.extend(decode_post(record.value) for record in records)
            return found
        finally:
            reader.close()
    finally:
        log.close()


__all__ = ["Options", "corpus", "crawl", "health", "last_report", "logged", "rows", "source", "start"]
