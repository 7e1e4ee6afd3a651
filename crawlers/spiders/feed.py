"""News: feeds and sitemaps of publishers, and the articles they point to.

Owns the addresses, and which of them are one publisher's. An article that only points out of its publisher's sites is
kept as its feed tells it. One article that is closed to us is no block of the publisher; three in a row are.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from scrapy.http import Request, Response

from crawlers.addresses import Sites, followed, host_of
from crawlers.documents import Document, unzipped
from crawlers.pages import Detail, Entry, Listing, Place
from crawlers.rests import GONE_FOR, Rest, of_ttl
from crawlers.spiders.article_page import Continued, read_article
from crawlers.spiders.feed_page import read_feed
from crawlers.spiders.listing import ListingSpider
from crawlers.spiders.sitemap_page import read_robots, read_sitemap
from crawlers.spiders.walk import Walk
from crawlers.validators import CONDITIONAL
from crawlers.verdict import DAMAGED, GONE, Obstacle, Reading, Verdict, blocked, sign

_MISSING = (404, 410)
_ROBOTS = "/robots.txt"
_GONE = 410
_FOR_GOOD = (301, 308)
_NOT_MODIFIED = 304
_HOPS = 3
_ONE_ARTICLE = (Obstacle.LOGIN, Obstacle.PERMISSION, Obstacle.ELSEWHERE)
"""What keeps one article from us may leave the next one open."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A feed, or one of a tree of sitemaps."""

    address: str
    walk: Walk
    rest: tuple[str, ...] = ()
    """Sitemaps to read after this one."""
    named: frozenset[str] = frozenset()
    """Sitemaps that were named so far, none of which is read twice."""

    @property
    def onward(self) -> "Spot | None":
        """The sitemap after this one."""
        return replace(self, address=self.rest[0], rest=self.rest[1:]) if self.rest else None


class FeedSpider(ListingSpider):
    """Reads each feed of the source, and the page of every article that the feed does not tell whole."""

    name = "feed"
    window = True
    ordered = False

    def listings(self) -> tuple[str, ...]:
        """The addresses of the feeds."""
        return self.source.feeds

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._asked_for: dict[str, Rest | None] = {}
        """By feed that was read: what its publisher asks for."""

    async def start(self) -> AsyncIterator[Any]:
        """The feeds that may be asked for; one that rests has nothing new, one that is gone is told again."""
        for request in self._first_pages():
            walk, at = request.cb_kwargs["walk"], request.cb_kwargs["at"]
            rest = self.state.rests.of(self.source.name, walk.listing)
            if rest is None or rest.over(self.clock()):
                yield request
            elif rest.gone:
                for onward in self._turn(Listing(GONE), walk, at):
                    yield onward
            else:
                self._unchanged(walk)

    def keep(self, *, lost: bool) -> None:
        """See `ListingSpider.keep`; and how long each feed is to be left alone."""
        super().keep(lost=lost)
        for walk in self.walks:
            if walk.listing in self._asked_for:
                asked = self._asked_for[walk.listing]
                holds = asked is not None and (asked.gone or (walk.whole and not lost))
                self.state.rests.keep(self.source.name, walk.listing, asked if holds else None)

    def page(self, walk: Walk, at: Place) -> Request:
        """The request of a feed; the first of a walk is the walk's own address."""
        return super().page(walk, at if isinstance(at, Spot) else Spot(walk.listing, walk))

    def list_request(self, walk: Walk, at: Place) -> Request:  # noqa: ARG002 - others need it
        """The feed itself."""
        kinds = "application/rss+xml, application/atom+xml, application/feed+json, application/xml, text/xml, */*;q=0.5"
        return Request(at.address, headers={"Accept": kinds})

    def read_list(self, document: Document, at: Place, status: int) -> Listing:
        """See `feed_page.read_feed`; one that broke off is kept and told."""
        if status in _MISSING:
            return self._missing(at, status)
        feed = read_feed(
            document.text,
            platform=self.source.label,
            address=at.address,
            hosts=self.sites,
            fetched_at=self.clock(),
        )
        self._asked_for[at.walk.listing] = of_ttl(feed.ttl, self.tally.started)
        return self._told(feed.listing, at, whole=feed.whole)

    def after(self, at: Place) -> Place | None:
        """What stands after a sitemap that could not be read; a feed stands alone."""
        return at.onward

    def beyond(self, page: Listing, at: Place) -> Place | None:  # noqa: ARG002 - others need it
        """Other sitemaps may hold something new when this one does not."""
        return at.onward

    def detail_request(self, entry: Entry) -> Request:
        """The article's page."""
        return Request(entry.detail, headers={"Accept": "text/html"})

    def read_detail(self, document: Document, status: int, entry: Entry) -> Detail:
        """See `article_page.read_article`."""
        return read_article(document.text, entry, status)

    @property
    def sites(self) -> Sites:
        """The hosts whose pages may be read."""
        return Sites(*self.source.feeds, *self.source.hosts)

    def with_cookie(self, request: Request) -> Request:
        """The session's cookie for its own publisher, never for whoever a feed points to, nor from https to http."""
        feeds = self.source.feeds
        private = request.url.startswith("https:") or any(urlsplit(feed).scheme == "http" for feed in feeds)
        return super().with_cookie(request) if private and host_of(request.url) in Sites(*feeds) else request

    def on_page(self, response: Response, walk: Walk, at: Place, hops: int = 0) -> Iterator[Any]:
        """A feed arrived, or the way to it."""
        onward = self._onto(response, hops)
        if onward and response.status in _FOR_GOOD:
            self.tally.note_bad("list", "moved_for_good")
        if response.status == _NOT_MODIFIED and (rest := self.state.rests.of(self.source.name, walk.listing)):
            self._asked_for[walk.listing] = rest.begun(self.tally.started)
        yield from (onward,) if onward else super().on_page(response, walk, at, hops)

    def on_detail(self, response: Response, entry: Entry, walk: Walk, hops: int = 0) -> Iterator[Any]:
        """An article arrived, or the way to it."""
        onward = self._onto(response, hops)
        yield from (onward,) if onward else super().on_detail(response, entry, walk, hops)

    def opened(self, response: Response, kind: str) -> tuple[Document, Reading | None]:
        """The body as text, unpacked where it is a `.gz`."""
        body = unzipped(response.body)
        if body is None:
            return Document(""), Reading(Verdict.TRANSPORT, Obstacle.OVERSIZE)
        return super().opened(response.replace(body=body) if body is not response.body else response, kind)

    def _missing(self, at: Spot, status: int) -> Listing:
        """No feed; of one that is gone for good that is remembered."""
        if status == _GONE and at.address == at.walk.listing:
            self._asked_for[at.address] = Rest(self.tally.started, GONE_FOR, gone=True)
        return Listing(GONE)

    def _told(self, listing: Listing, at: Spot, *, whole: bool) -> Listing:
        """A document that broke off leaves a hole, whatever could be taken of it."""
        if not whole:
            at.walk.holes += 1
            at.walk.trail.hole()
            self.tally.note_bad("list", DAMAGED.obstacle)
            self.tally.incomplete(DAMAGED)
        return listing

    def _onto(self, response: Response, hops: int) -> Request | None:
        """Where a page of the publisher's moved to, if that is another page of the publisher's."""
        location = (response.headers.get("Location") or b"").decode("latin-1")
        if not (300 <= response.status < 400 and location and hops < _HOPS) or sign(location):
            return None
        target = followed(location, response.url, self.sites)
        request = response.request
        if not target or request is None:
            return None
        onward = request.replace(url=target, meta={}, cb_kwargs={**request.cb_kwargs, "hops": hops + 1})
        for name in (*CONDITIONAL, "Cookie"):  # who is asked now is judged anew
            onward.headers.pop(name, None)
        return self.with_cookie(onward)

    def _no_detail(self, reading: Reading, entry: Entry, walk: Walk, *, said: bool = False) -> Iterator[Any]:
        gone = reading.verdict is Verdict.BUSINESS_EMPTY and isinstance(entry, Continued)
        if (reading.obstacle is Obstacle.ROBOTS or gone) and entry.item is not None:
            # the publisher lets us read its feed and not its articles, or a further page is missing: what was told and
            # read before is what there is
            walk.pending -= 1
            walk.had(entry.key)
            yield from self._found(entry, (replace(entry.item, truncated=True),), walk)
        elif reading.obstacle in _ONE_ARTICLE:
            yield from super()._no_detail(blocked(Obstacle.UNRECOGNISED), entry, walk, said=said)
        else:
            yield from super()._no_detail(reading, entry, walk, said=said)


class SitemapSpider(FeedSpider):
    """Reads each sitemap of the source, those that it points to, and the page of every article.

    A site without a path stands for the sitemaps that its robots.txt names.
    """

    name = "sitemap"
    conditional = False

    def page(self, walk: Walk, at: Place) -> Request:
        """See `FeedSpider.page`; of a site, its robots.txt comes first."""
        site = urlsplit(walk.listing).path in ("", "/")
        return super().page(walk, Spot(urljoin(walk.listing, _ROBOTS), walk) if site and at == self.first else at)

    def list_request(self, walk: Walk, at: Place) -> Request:  # noqa: ARG002 - others need it
        """The sitemap itself."""
        return Request(at.address, headers={"Accept": "application/xml, text/xml, */*;q=0.5"})

    def read_list(self, document: Document, at: Place, status: int) -> Listing:
        """See `sitemap_page`; sitemaps that it points to come next."""
        if status in _MISSING:
            return self._missing(at, status)
        if urlsplit(at.address).path == _ROBOTS:
            found = read_robots(document.text, address=at.address, hosts=self.sites)
        else:
            found = read_sitemap(
                document.text,
                platform=self.source.label,
                address=at.address,
                hosts=self.sites,
                fetched_at=self.clock(),
                days=self.source.days,
            )
        named = at.named | {at.address}
        further = tuple(address for address in found.further if address not in named)
        following = replace(at, rest=(*further, *at.rest), named=named.union(further)).onward
        return self._told(replace(found.listing, next=following), at, whole=found.whole)
