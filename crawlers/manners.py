"""How we behave towards a site: robots.txt, delays, budgets, sizes, and silence after a refusal.

Owns Scrapy's settings and the middlewares that keep promises Scrapy alone does not. Does not own what is fetched.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK
from twisted.internet.defer import Deferred

from crawlers.breaker import asked_to_wait
from crawlers.reports import Outcome, Tally
from crawlers.robots import LONGEST, Snapshot
from crawlers.sources import Robots, Source
from crawlers.spiders.arrivals import OutOfReach, Stopped
from crawlers.spiders.listing import ListingSpider
from crawlers.verdict import OBSTACLES, Obstacle

LARGEST = 10 * 1024 * 1024
"""Bytes of a page beyond which it is not read."""

LONGEST_DELAY = 60.0
"""Seconds between two requests that a robots.txt may ask for; a site that asks for more is read only where the source's
own `delay_seconds` grants it."""

_EVERYTHING_FORBIDDEN = b"User-agent: *\nDisallow: /\n"
_REDIRECTS = 5
_UNREAD = "robots.txt 无法读取（{}），本次不采集，下次再读"
_TOO_SLOW = "robots.txt 要求每次请求间隔 {:g} 秒，超过 {:g} 秒的上限，未采集；要采集请相应调大 delay_seconds"


class StopWhenRefused:
    """Downloader middleware: after a refusal nothing more is sent to that source."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy asks for it."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:  # noqa: ARG002 - Scrapy's signature
        """Let it pass, or raise Stopped."""
        spider = self._crawler.spider
        if isinstance(spider, ListingSpider) and spider.tally.stopped:
            raise Stopped("refused earlier")


class HeedRetryAfter:
    """Downloader middleware: a site that says when to come back is not asked for anything more until then."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy asks for it."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response:
        """Take note, and have it not repeated."""
        spider, header = self._crawler.spider, response.headers.get("Retry-After")
        if response.status >= 400 and header and isinstance(spider, ListingSpider):
            at = asked_to_wait(header.decode("latin-1"), spider.clock())
            if at is not None:
                spider.tally.wait_until(at)
                request.meta["dont_retry"] = True
        return response


class WithinBudget:
    """Downloader middleware: no host gets more requests in a minute or a day than its source allows."""

    def __init__(self, crawler: Crawler, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._crawler = crawler
        self._sleep = sleep

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy asks for it."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Let it pass, now or when a minute has room for it; raise Stopped when the day is used up."""
        spider = self._crawler.spider
        if not isinstance(spider, ListingSpider):
            return
        source = spider.source
        if not source.requests_per_minute and not source.requests_per_day:
            return
        host = urlsplit(request.url).netloc
        while True:
            answer = spider.state.budgets.ask(host, spider.clock(), source.requests_per_minute, source.requests_per_day)
            if answer.exhausted:
                spider.tally.exhausted(f"当日对该站点的 {source.requests_per_day} 次请求预算已用完，其余明日采集")
            if spider.tally.stopped:  # while it waited, too
                raise Stopped("nothing more is sent")
            if not answer.wait_seconds:
                return
            await self._sleep(answer.wait_seconds)


class StrictRobots(RobotsTxtMiddleware):
    """robots.txt by RFC 9309: absent means no rules, out of reach means that nothing is allowed for now.

    Scrapy takes both for no rules, and follows no redirect. A page of HTML, such as a login, is no robots.txt either.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._closed: dict[str, str] = {}
        """By host that is not asked for anything in this crawl, though nobody forbade it: why, for a person."""

    async def process_request(self, request: Request) -> None:  # type: ignore[override]  # no spider argument since 2.13
        """Let it pass, or raise IgnoreRequest; OutOfReach if it was no robots.txt that refused."""
        try:
            await super().process_request(request)
        except IgnoreRequest:
            host = urlsplit(request.url).netloc
            if host in self._closed:
                self._tally.end(Outcome.FAILED, self._closed[host])
                raise OutOfReach("robots.txt is out of reach") from None
            if self._tally.stopped:
                raise Stopped("nothing more is sent") from None
            if self._tally.robots[host].says is Robots.ALLOWS:
                self._tally.robots[host] = replace(self._tally.robots[host], says=Robots.DISALLOWS)
            raise

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        response = await self._followed(response)
        body, says = response.body, Robots.ALLOWS
        if 400 <= response.status < 500:
            body, says = b"", Robots.ABSENT
        elif response.status != 200 or body.lstrip().startswith(b"<"):
            body, says = _EVERYTHING_FORBIDDEN, Robots.UNREAD
        if response.status >= 500 or 300 <= response.status < 400:
            self._closed[netloc] = _UNREAD.format(f"HTTP {response.status}")
        self._note(netloc, says, body if says is Robots.ALLOWS else b"")
        await super()._parse_robots(response.replace(body=self._paced(body, request)), netloc, request)

    def _paced(self, body: bytes, request: Request) -> bytes:
        """The rules, once the time between requests that they ask for is kept; if that is too long, none is allowed."""
        asked = self._parserimpl.from_crawler(self.crawler, body).crawl_delay(self._default_useragent)
        if not asked:
            return body
        delay, parts = self._spider.source.delay_seconds, urlsplit(request.url)
        if asked > max(LONGEST_DELAY, delay):
            self._closed[parts.netloc] = _TOO_SLOW.format(asked, LONGEST_DELAY)
            return _EVERYTHING_FORBIDDEN
        self._keep_apart(parts.hostname or "", max(asked, delay))
        return body

    def _keep_apart(self, host: str, seconds: float) -> None:
        """The least time between two requests to a host: slowness may lengthen it, and chance not shorten it."""
        engine, throttle = self.crawler.engine, self.crawler.get_extension(AutoThrottle)
        assert engine is not None  # set before any request
        downloader = engine.downloader
        downloader.per_slot_settings[host] = {"delay": seconds, "jitter": 0.0}
        if slot := downloader.slots.get(host):
            slot.delay, slot.jitter = max(slot.delay, seconds), 0.0
        if throttle is not None:
            throttle.mindelay = max(throttle.mindelay, seconds)

    async def _followed(self, response: Response) -> Response:
        """What stands at the end of up to five redirects, whichever hosts they lead over."""
        engine = self.crawler.engine
        assert engine is not None  # set before any request
        for _ in range(_REDIRECTS):
            location = response.headers.get("Location")
            if not location or not 300 <= response.status < 400:
                break
            onward = urljoin(response.url, location.decode("latin-1"))
            response = await engine.download_async(
                Request(onward, NO_CALLBACK, priority=self.DOWNLOAD_PRIORITY, meta={"dont_obey_robotstxt": True})
            )
        return response

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        if not isinstance(exc, Stopped):  # else nobody asked
            self._closed[netloc] = _UNREAD.format(OBSTACLES[Obstacle.NETWORK])
            self._note(netloc, Robots.UNREAD, b"")
        waiting = self._parsers[netloc]
        self._parsers[netloc] = rules = self._parserimpl.from_crawler(self.crawler, _EVERYTHING_FORBIDDEN)
        if isinstance(waiting, Deferred):
            waiting.callback(rules)

    def _note(self, host: str, says: Robots, body: bytes) -> None:
        self._tally.robots[host] = Snapshot(host, says, body.decode("utf-8", "replace")[:LONGEST], self._spider.clock())

    @property
    def _spider(self) -> ListingSpider:
        assert isinstance(self.crawler.spider, ListingSpider)  # set before any request
        return self.crawler.spider

    @property
    def _tally(self) -> Tally:
        return self._spider.tally


def settings(user_agent: str, timeout_seconds: float) -> dict[str, Any]:
    """What holds for every source."""
    return {
        "USER_AGENT": user_agent,
        "ROBOTSTXT_USER_AGENT": user_agent,
        "DOWNLOAD_TIMEOUT": timeout_seconds,
        "DOWNLOAD_MAXSIZE": LARGEST,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DOWNLOADER_MIDDLEWARES": {
            StopWhenRefused: 10,
            RobotsTxtMiddleware: None,
            StrictRobots: 100,
            WithinBudget: 110,  # what robots.txt forbids is not sent, so not counted
            HeedRetryAfter: 600,  # sees an answer before Scrapy repeats its request (550)
        },
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",
        "CONCURRENT_ITEMS": 2,  # Scrapy starts so many tasks for every response, used or not
        "WARN_ON_GENERATOR_RETURN_VALUE": False,  # parses the callback's source for every response
        "COOKIES_ENABLED": False,
        "REDIRECT_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "HTTPERROR_ALLOW_ALL": True,
        "HTTPPROXY_ENABLED": False,
        "REFERER_ENABLED": False,
        "RETRY_TIMES": 2,
        "RETRY_HTTP_CODES": [500, 502, 503, 504, 522, 524, 408],  # 429 is a refusal, not a hiccup
        # the base itself: Scrapy imports what is merely switched off, an HTTP server among it
        "EXTENSIONS_BASE": {"scrapy.extensions.throttle.AutoThrottle": 0},
        "SPIDER_MIDDLEWARES_BASE": {},  # depth, referers, status filters: the walk does without
        "DOWNLOADER_STATS": False,
        "DOWNLOAD_HANDLERS": dict.fromkeys(("data", "file", "ftp", "s3")),
        "LOG_ENABLED": False,
        "LOG_INSTALL_ROOT_HANDLER": False,
        "STATS_DUMP": False,
    }


def politeness(source: Source) -> dict[str, Any]:
    """What holds for one source."""
    return {
        "ROBOTSTXT_OBEY": not source.robots_exempt,
        "DOWNLOAD_DELAY": source.delay_seconds,
        "CONCURRENT_REQUESTS": source.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": source.concurrency,
        "AUTOTHROTTLE_ENABLED": source.delay_seconds > 0,
        "AUTOTHROTTLE_START_DELAY": source.delay_seconds,
        "AUTOTHROTTLE_MAX_DELAY": max(LONGEST_DELAY, source.delay_seconds),
        "AUTOTHROTTLE_TARGET_CONCURRENCY": float(source.concurrency),
    }
