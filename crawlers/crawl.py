"""Run the crawl of some sources to its end: one Scrapy process, one crawler a source.

Owns the process and turning what happened into reports. Blocking, and the reactor starts once in a process:
call it in a child process of its own.
"""

import asyncio
import logging
import os
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess, Crawler

from crawlers.breaker import rest
from crawlers.coverage import cover, dated, gap, names, unread
from crawlers.credentials import Credentials
from crawlers.gaps import Edges
from crawlers.health import named
from crawlers.manners import politeness, settings
from crawlers.neighbours import Turns
from crawlers.pipelines import LogPipeline, failed
from crawlers.platforms import DEMANDS
from crawlers.reports import HEALTH, CrawlReport, Outcome, Tally
from crawlers.sources import Source, check, day
from crawlers.spiders import SPIDERS
from crawlers.spiders.listing import ListingSpider
from crawlers.state import CrawlState
from stream.labels import Health
from stream.ports import MessageLog, Misconfigured
from stream.retry import Backoff

logger = logging.getLogger(__name__)


def now() -> datetime:
    """The wall clock, aware UTC."""
    return datetime.now(UTC)


def run_crawl(
    sources: Sequence[Source],
    log: MessageLog,
    state: CrawlState,
    *,
    author_key: bytes,
    user_agent: str,
    environ: Mapping[str, str] = Credentials(os.environ),
    clock: Callable[[], datetime] = now,
    timeout_seconds: float = 30.0,
    log_attempts: int = 6,
    log_backoff: Backoff = Backoff(),  # noqa: B008 - frozen
    chance: Callable[[], float] = random.random,
) -> list[CrawlReport]:
    """Crawl each source once, newest first, down to what earlier crawls have; returns when all are done. Sources that
    share a host take turns.

    Args:
        sources: those switched off are passed over; one that `sources.check` refuses is reported as failed, unfetched.
        log: where posts go; an append that stays Unavailable fails the crawl of that source.
        state: what earlier crawls left.
        author_key: secret key of the author pseudonyms.
        user_agent: honest, with a contact.
        environ: where credentials are.
        clock: aware now.
        timeout_seconds: of one request.
        log_attempts: how often an append is tried.
        log_backoff: waits between them.
        chance: from 0 to below 1; shortens how long a source that refuses is left alone.

    Returns:
        One report per source that is not switched off, in the order given.
    """
    wanted = [source for source in sources if source.fetched]
    reports: dict[str, CrawlReport] = {}
    _hush()
    process = AsyncCrawlerProcess({**settings(user_agent, timeout_seconds), "ITEM_PIPELINES": {LogPipeline: 100}})
    _hush()  # again: making the process has set Scrapy's loggers up anew
    turns = Turns()
    for source in wanted:
        tally = Tally(source.name, source.label, clock())
        try:
            check(source, day(tally.started), environ)
        except Misconfigured as error:
            logger.error("%s", error)  # noqa: TRY400 - the message names the key; a traceback adds nothing
            tally.end(Outcome.FAILED, f"配置有误，未采集：{error}")
            reports[source.name] = tally.report(clock())
            state.finish(reports[source.name])
            continue
        pipeline = partial(
            _pipeline, source=source.name, log=log, state=state, tally=tally, author_key=author_key,
            attempts=log_attempts, backoff=log_backoff, revisitable=SPIDERS[source.spider].revisitable,
            waits=DEMANDS[source.spider].waits,
        )  # fmt: skip
        crawler = process.create_crawler(SPIDERS[source.spider])
        crawler.settings.update(politeness(source), priority="cmdline")
        crawler.settings.set("GUANLAN_PIPELINE", pipeline, priority="cmdline")
        backoff = rest(source.interval_seconds, chance)
        end = partial(_finish, state=state, clock=clock, reports=reports, backoff=backoff, turns=turns)
        _watch(crawler, tally, end)
        begin = partial(_begin, process, crawler, source=source, tally=tally, state=state, clock=clock, environ=environ)
        turns.add(source, begin)
    process.start()
    for source in wanted:
        if source.name not in reports:  # it could not even be set going, or its end could not be kept
            logger.error("crawl of %s left no report", source.name)
            tally = Tally(source.name, source.label, clock())
            tally.end(Outcome.FAILED, "采集未能启动或结果未能保存")
            reports[source.name] = tally.report(clock())
    return [reports[source.name] for source in wanted]


def _pipeline(cls: type[LogPipeline], **parts: Any) -> LogPipeline:
    return cls(**parts)


def _begin(process: AsyncCrawlerProcess, crawler: Crawler, *, tally: Tally, **parts: Any) -> asyncio.Task[None]:
    tally.started = parts["clock"]()  # it may have waited for its neighbours
    return process.crawl(crawler, tally=tally, **parts)


def _finish(
    spider: ListingSpider,
    tally: Tally,
    reason: str,
    *,
    state: CrawlState,
    clock: Callable[[], datetime],
    reports: dict[str, CrawlReport],
    backoff: Backoff,
    turns: Turns,
) -> None:
    """Everything read is in the log or told to be lost: keep what the next crawl must know."""
    if reason != "finished":
        tally.end(Outcome.FAILED, "采集被中断")
        turns.stop()
    walks = spider.walks
    if walks and all(walk.doubtful for walk in walks):
        tally.end(Outcome.BLOCKED, "所有关键词都返回空列表：可能被软拦截，也可能确无内容")
    walked = [(walk.listing, walk.entries) for walk in walks if walk.whole]
    if not walks or any(not walk.ended or walk.pending for walk in walks):
        tally.fallback(Outcome.FAILED, "采集未走完")
    told = names([*spider.listings(), *(walk.listing for walk in walks)])
    newest = {walk.listing: state.gaps.newest(tally.source, walk.listing) for walk in walks}
    found = [one for walk in walks if (one := gap(told[walk.listing], walk, newest[walk.listing]))]
    if found:
        tally.end(Outcome.GAP, "两次采集之间有一段内容未见到，可能遗漏")
    if any(walk.refused for walk in walks):
        tally.end(Outcome.CAPPED, "平台不提供这部分内容（已删除、已隐藏或过旧），其余照常采集")
    begun = {walk.listing for walk in walks}
    never = unread([name for listing, name in told.items() if listing not in begun], tally)
    last = state.reports(tally.source, 1)
    rows = dated(
        (*(cover(told[walk.listing], walk, tally, found) for walk in walks), *never),
        last[0].coverage if last else (),
        {told[walk.listing] for walk in walks if walk.met},
        finished := clock(),
    )
    some = tally.outcome in (Outcome.CAPPED, Outcome.GAP)
    where = (named(rows, HEALTH[tally.outcome]) or named(rows, Health.BLOCKED)) if some else ""
    report = tally.report(finished, rows, where)
    reached = tuple((walk.listing, walk.until) for walk in walks if walk.whole and walk.until)
    state.finish(
        report,
        () if tally.lost else walked,
        edges=Edges() if tally.lost else Edges(reached, tuple(found)),
        snapshots=tally.robots.values(),
        backoff=backoff,
    )
    spider.keep(lost=tally.lost)
    reports[report.source] = report
    logger.info("crawled %s: %s, %d posts, %d pages", report.source, report.outcome, report.posts, report.pages)


def _watch(crawler: Crawler, tally: Tally, finish: Callable[..., None]) -> None:
    """Hear of the end, and of errors of our own that Scrapy would only have logged."""

    def on_error(failure: Any, **_: Any) -> None:
        name = failure.type.__name__
        logger.error("crawl of %s: %s in a spider", tally.source, name)
        tally.note_bad("spider", name)
        tally.unlogged(f"程序错误（{name}）")

    def on_item_error(failure: Any, **_: Any) -> None:
        failed(tally, failure.value)

    def on_closed(spider: ListingSpider, reason: str) -> None:
        finish(spider, tally, reason)

    for receiver, signal in (
        (on_error, signals.spider_error),
        (on_item_error, signals.item_error),
        (on_closed, signals.spider_closed),
    ):
        crawler.signals.connect(receiver, signal, weak=False)


def _hush() -> None:
    """Scrapy's own log lines hold addresses, and on errors whole items; ours hold ids."""
    for name in ("scrapy", "twisted", "protego", "parsel", "filelock"):
        quiet = logging.getLogger(name)
        quiet.propagate = False
        quiet.setLevel(logging.CRITICAL + 1)
        if not quiet.handlers:
            quiet.addHandler(logging.NullHandler())
