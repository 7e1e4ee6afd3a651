"""The walk that all spiders share: newest first through a listing's pages, into details, until all is known.

Owns paging, stopping, and what a refusal does to a crawl. Does not own an entry's own page (`details`) nor any
platform's addresses or shapes: a spider says where a page is and a pure parser says what is on it.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from scrapy.http import Request, Response

from crawlers.documents import Document
from crawlers.pages import Entry, Listing, Place
from crawlers.reports import Outcome
from crawlers.spiders.arrivals import missing, moved
from crawlers.spiders.details import BAD_PAGES, BROKEN, DetailSpider
from crawlers.spiders.walk import Fetched, Walk
from crawlers.verdict import Obstacle, Reading, Verdict, blocked

_NO_DEEPER = "平台不提供更深的页，更早的内容未采集"


class ListingSpider(DetailSpider):
    """A spider for one source. Subclasses give requests and parsers; `name` is the platform's."""

    first: Place = 1
    """The first page of every listing."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self.walks: list[Walk] = []
        self._handled: set[str] = set()

    # what a platform says

    def listings(self) -> tuple[str, ...]:
        """The keywords or boards to walk."""
        return self.source.keywords

    def list_request(self, walk: Walk, at: Place) -> Request:
        """The request of one page, without callbacks."""
        raise NotImplementedError

    def read_list(self, document: Document, at: Place, status: int) -> Listing:
        """What is on it."""
        raise NotImplementedError

    def after(self, at: Place) -> Place | None:
        """The page after one that could not be read; None where only that page could have told."""
        return at + 1

    def beyond(self, page: Listing, at: Place) -> Place | None:  # noqa: ARG002 - others need them
        """Where to go on after a page that earlier crawls know; None because all that follows is older."""
        return None

    # the walk

    async def start(self) -> AsyncIterator[Any]:
        """The first page of every listing."""
        for request in self._first_pages():
            yield request

    def _first_pages(self) -> Iterator[Request]:
        for listing in self.listings():
            walk = Walk(listing, self.state.walked(self.source.name, listing))
            self.walks.append(walk)
            yield self.page(walk, self.first)

    def page(self, walk: Walk, at: Place) -> Request:
        """The request of a listing page, bound to its walk."""
        request = self._with_cookie(self.list_request(walk, at))
        return request.replace(
            callback=self.on_page, errback=self.on_page_error, dont_filter=True, cb_kwargs={"walk": walk, "at": at}
        )

    def on_page(self, response: Response, walk: Walk, at: Place, hops: int = 0) -> Iterator[Any]:
        """A listing page arrived, whatever it is."""
        if onward := moved(response, hops):
            yield onward
            return
        document, reading = self.opened(response, "list")
        page = Listing(reading) if reading else self.read_list(document, at, response.status)
        yield from self._turn(page, walk, at)

    def on_page_error(self, failure: Any) -> Iterator[Any]:
        """A listing page did not arrive."""
        walk, at = failure.request.cb_kwargs["walk"], failure.request.cb_kwargs["at"]
        if reading := missing(failure):
            yield from self._turn(Listing(reading), walk, at)

    def _turn(self, page: Listing, walk: Walk, at: Place) -> Iterator[Any]:
        """Take what a listing page gives, and go on to the next or end the walk."""
        self.tally.pages += 1
        walk.pages += 1
        walk.total = page.total or walk.total
        walk.search_id = page.search_id or walk.search_id
        reading = self._suspect(page, walk)
        self._count_reading(reading, "list")
        if reading.verdict is not Verdict.OK:
            yield from self._no_page(reading, walk, at, page.next)
            return
        walk.bad = 0
        self.tally.drops.update(page.drops)
        walk.seen += len(page.entries) + len(page.drops)
        keys = [entry.key for entry in page.entries]
        known = self.state.known_entries(self.source.name, walk.listing, keys)
        yield from self._take(page.entries, known, walk)
        if page.capped:
            self.tally.end(Outcome.CAPPED, _NO_DEEPER)
        self.tally.unshown += page.unshown
        following = page.next
        if keys and walk.revisited and known.issuperset(keys):
            following = self.beyond(page, at)
        yield from self._onward(walk, following)

    def _onward(self, walk: Walk, at: Place | None) -> Iterator[Request]:
        if at is None:
            walk.ended = True
        elif walk.pages >= self.source.max_pages:
            walk.ended = True
            self.tally.end(Outcome.CAPPED, f"达到每次 {self.source.max_pages} 页的上限，更早的内容未采集")
        else:
            yield self.page(walk, at)

    def _suspect(self, page: Listing, walk: Walk) -> Reading:
        """The page's reading, doubted where it is empty although there should be posts."""
        reading = page.reading
        if reading.verdict is not Verdict.BUSINESS_EMPTY or reading.obstacle is Obstacle.DEPTH:
            return reading
        first = walk.pages == 1
        if (first and walk.revisited) or (not first and not walk.holes and walk.seen < walk.total):
            return blocked(Obstacle.EMPTY_LIST)
        walk.doubtful = first and reading.obstacle is Obstacle.EMPTY_LIST
        return reading

    def _no_page(self, reading: Reading, walk: Walk, at: Place, following: Place | None) -> Iterator[Request]:
        if reading.obstacle is Obstacle.DEPTH:
            if walk.pages == 1:
                self.tally.obstructed(blocked(Obstacle.DEPTH))
            else:
                walk.ended = True
                self.tally.end(Outcome.CAPPED, _NO_DEEPER)
        elif reading.verdict is Verdict.BUSINESS_EMPTY:
            yield from self._onward(walk, following)
        elif reading.verdict is Verdict.TRANSPORT:
            # the neighbours of a bad page are kept, but a listing with a hole does not count as walked
            walk.bad += 1
            walk.holes += 1
            self.tally.incomplete(reading)
            following = self.after(at) if reading.obstacle in BROKEN and walk.bad < BAD_PAGES else None
            if following is not None:
                yield from self._onward(walk, following)
        else:
            self.tally.obstructed(reading)

    def _take(self, entries: tuple[Entry, ...], known: set[str], walk: Walk) -> Iterator[Any]:
        """Items and detail requests of the entries that no crawl has."""
        fresh = [entry for entry in entries if entry.key not in known]
        posted = self.state.known_posts(self.source.name, [entry.key for entry in fresh])
        self.tally.known += len(entries) - len(fresh) + len(posted)
        for entry in fresh:
            new = entry.key not in self._handled
            self._handled.add(entry.key)
            if new and entry.detail and entry.key not in posted:
                walk.pending += 1
                yield self._bound(self.detail_request(entry), entry, walk)
                continue
            walk.entries.append(entry.key)
            if new and entry.drop is not None:
                self.tally.drops[entry.drop] += 1
            elif new and entry.item is not None and entry.key not in posted:
                yield Fetched(entry.item, self.clock())
