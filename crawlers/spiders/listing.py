"""The walk that all spiders share: newest first through a listing's pages, into details, until all is known.

Owns paging, stopping, and what a refusal does to a crawl. Does not own an entry's own page (`details`) nor any
platform's addresses or shapes: a spider says where a page is and a pure parser says what is on it.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any, Self

from scrapy import signals
from scrapy.exceptions import DontCloseSpider
from scrapy.http import Request, Response

from crawlers.documents import Document
from crawlers.normalize import DropReason
from crawlers.pages import Detail, Entry, Listing, Place
from crawlers.progress import Mark
from crawlers.reports import Outcome
from crawlers.revisits import Visit
from crawlers.spiders.arrivals import missing, moved, validator_of
from crawlers.spiders.details import BAD_PAGES, BROKEN, DetailSpider
from crawlers.spiders.returning import Returning
from crawlers.spiders.trail import Trail
from crawlers.spiders.walk import Walk, silenced
from crawlers.verdict import OK, Obstacle, Reading, Verdict, blocked
from stream.ports import Unavailable

_NOT_MODIFIED = 304
_NOTHING = (Obstacle.NONE, Obstacle.EMPTY_LIST, Obstacle.DEPTH, Obstacle.UNRECOGNISED)
_NO_DEEPER = "平台不提供更深的页，更早的内容未采集"
_SILENT = "以前有内容，这次返回空列表：可能被软拦截，也可能已无内容；其余照常采集"


class ListingSpider(DetailSpider):
    """A spider for one source. Subclasses give requests and parsers; `name` is the platform's."""

    first: Place = 1
    """The first page of every listing."""
    window = False
    """Whether a listing shows its newest entries only, so that its end is not the end of what was posted."""
    ordered = True
    """Whether a listing has its newest entries first."""
    conditional = True
    """Whether an unchanged first page means that nothing is new."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self.walks: list[Walk] = []
        self._handled: set[str] = set()
        self._returning = Returning(self)

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **parts: Any) -> Self:
        """As Scrapy asks for it."""
        spider = super().from_crawler(crawler, *args, **parts)
        crawler.signals.connect(spider.on_idle, signal=signals.spider_idle)
        return spider

    def on_idle(self) -> None:
        """Everything new has been seen: look again at what is due, once."""
        if silenced(self.walks):
            self.tally.obstructed(blocked(Obstacle.EMPTY_LIST))
        try:
            requests = self._returning.requests()
        except Unavailable:
            self.tally.end(Outcome.FAILED, "采集记录暂不可用，未能复查已有的帖子")
            return
        for request in requests:
            self.crawler.engine.crawl(request)
        if requests:
            raise DontCloseSpider

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

    def kept(self, at: Place) -> int | str | None:
        """A place as a later crawl can be told of it; None where it cannot."""
        return at if isinstance(at, int | str) else None

    def resumed(self, mark: int | str, following: Place) -> Place:
        """Where to go on after an interruption, from what was kept of the place where the walk stopped.

        A cursor is that place. A number is one page earlier, since posts taken away since then move the rest up.
        """
        return max(mark - 1, following) if isinstance(mark, int) and isinstance(following, int) else mark

    def revisit_request(self, visit: Visit) -> Request | None:
        """The request of a known post's own page, without callbacks; None if the platform has moved."""
        raise NotImplementedError

    def read_revisit(self, document: Document, status: int, visit: Visit) -> Detail:
        """What is on it: the post as it is now, perhaps with new answers."""
        raise NotImplementedError

    def thread_page(self, visit: Visit, page: int) -> Entry | None:  # noqa: ARG002 - others need them
        """A further page of a known post's thread, from 2; None where its answers stand on no such pages."""
        return None

    # the walk

    async def start(self) -> AsyncIterator[Any]:
        """The first page of every listing."""
        for request in self._first_pages():
            yield request

    def _first_pages(self) -> Iterator[Request]:
        for listing in self.listings():
            walk = Walk(listing, self.state.walked(self.source.name, listing))
            size = self.source.page_size
            walk.trail = Trail(self.state.progress.of(self.source.name, listing, size), size)
            self.walks.append(walk)
            yield self.page(walk, self.first)

    def page(self, walk: Walk, at: Place) -> Request:
        """The request of a listing page, bound to its walk."""
        request = self.with_cookie(self.list_request(walk, at))
        if walk.pages == 0:
            self._ask(request, walk)
        return request.replace(
            callback=self.on_page, errback=self.on_page_error, dont_filter=True, cb_kwargs={"walk": walk, "at": at}
        )

    def on_page(self, response: Response, walk: Walk, at: Place, hops: int = 0) -> Iterator[Any]:
        """A listing page arrived, whatever it is."""
        if onward := moved(response, hops):
            yield onward
            return
        if response.status == _NOT_MODIFIED and walk.trail.asked and not hops:
            self._unchanged(walk)
            return
        if walk.pages == 0 and not hops:
            walk.trail.given = validator_of(response)
        document, reading = self.opened(response, "list")
        page = Listing(reading) if reading else self.read_list(document, at, response.status)
        yield from self._turn(page, walk, at)

    def _ask(self, request: Request, walk: Walk) -> None:
        """The first page of a listing that was walked to its end is asked for only if it has changed."""
        walk.trail.address = request.url
        if walk.revisited and walk.trail.mark is None and self.conditional:
            headers = self.state.validators.of(self.source.name, request.url).headers
            request.headers.update(headers)
            walk.trail.asked = bool(headers)

    def _unchanged(self, walk: Walk) -> None:
        """The first page is as it was when everything on it went to the log."""
        self.tally.pages += 1
        walk.pages += 1
        walk.met = walk.ended = walk.trail.unchanged = True
        self.count_reading(OK, "list")

    def _resumed(self, walk: Walk, mark: Mark, following: Place, keys: set[str]) -> Place:
        """Where the interrupted walk stopped, if this page lies wholly above that; else the page below."""
        if not self.state.progress.among(self.source.name, walk.listing, sorted(keys)) >= keys:
            return following
        onward = self.resumed(mark.next, following)
        if onward != following:
            walk.seen += mark.seen
            walk.entries += self.state.progress.passed(self.source.name, walk.listing)
            walk.trail.stride(mark.next, walk.seen, (), set())
            walk.trail.resumed = True
        walk.trail.mark = None
        return onward

    def keep(self, *, lost: bool) -> None:
        """The crawl is over: what of each walk the next one may rely on.

        Args:
            lost: something that was read may not be in the log.
        """
        name = self.source.name
        for walk in self.walks:
            if not walk.whole or lost:
                self.state.validators.drop(name, walk.trail.address)
            elif not walk.trail.unchanged:
                self.state.validators.keep(name, walk.trail.address, walk.trail.given)
                self.state.progress.clear(name, walk.listing)

    def on_page_error(self, failure: Any) -> Iterator[Any]:
        """A listing page did not arrive."""
        walk, at = failure.request.cb_kwargs["walk"], failure.request.cb_kwargs["at"]
        if reading := missing(failure):
            yield from self._turn(Listing(reading), walk, at)

    def _turn(self, page: Listing, walk: Walk, at: Place) -> Iterator[Any]:
        """Take what a listing page gives, and go on to the next or end the walk."""
        self.tally.pages += 1
        walk.turned(page)
        reading = self._suspect(page, walk)
        if walk.held:
            self.tally.end(Outcome.CAPPED, _SILENT)
        self.count_reading(blocked(Obstacle.EMPTY_LIST) if walk.held else reading, "list")
        resumed, walk.trail.resumed = walk.trail.resumed, False
        if reading.verdict is not Verdict.OK:
            if resumed and reading.obstacle in _NOTHING:  # the place no longer holds: next time from the top
                self.state.progress.clear(self.source.name, walk.listing)
            yield from self._no_page(reading, walk, at, page.next)
            return
        walk.bad = 0
        self.tally.drops.update(page.drops)
        keys = [entry.key for entry in page.entries]
        known = self.state.known_entries(self.source.name, walk.listing, keys)
        walk.saw(page, known, None if self.ordered else self.clock())
        walk.trail.stride(None if page.next is None else self.kept(page.next), walk.seen, keys, known)
        yield from self._take(page.entries, known, walk)
        if page.capped:
            walk.cap()
            self.tally.end(Outcome.CAPPED, _NO_DEEPER)
        following = page.next
        if keys and walk.revisited and known.issuperset(keys):
            following = self.beyond(page, at)
        elif keys and following is not None and walk.trail.mark:
            following = self._resumed(walk, walk.trail.mark, following, set(keys) - known)
        if following is not None:
            yield from walk.trail.marks(walk.listing)
        yield from self._onward(walk, following)

    def _onward(self, walk: Walk, at: Place | None) -> Iterator[Request]:
        if at is None:
            walk.ended = True
            walk.short |= self.window
        elif (limit := self.source.page_limit) is not None and walk.pages >= limit:
            walk.ended = True
            walk.cap()
            self.tally.end(Outcome.CAPPED, f"达到每次 {limit} 页的上限，更早的内容未采集")
        else:
            yield self.page(walk, at)

    def _suspect(self, page: Listing, walk: Walk) -> Reading:
        """See `Walk.suspected`."""
        return walk.suspected(page)

    def _no_page(self, reading: Reading, walk: Walk, at: Place, following: Place | None) -> Iterator[Request]:
        if reading.verdict is Verdict.BUSINESS_EMPTY and reading.obstacle is Obstacle.DEPTH:
            walk.ended = True
            walk.cap()
            self.tally.end(Outcome.CAPPED, _NO_DEEPER)
        elif reading.verdict is Verdict.BUSINESS_EMPTY:
            yield from self._onward(walk, following)
        elif reading.verdict is Verdict.TRANSPORT:
            # the neighbours of a bad page are kept, but a listing with a hole does not count as walked
            walk.bad += 1
            walk.holes += 1
            walk.trail.hole()
            self.tally.incomplete(reading)
            following = self.after(at) if reading.obstacle in BROKEN and walk.bad < BAD_PAGES else None
            if following is not None:
                yield from self._onward(walk, following)
        else:
            self.tally.obstructed(reading)

    def _take(self, entries: tuple[Entry, ...], known: set[str], walk: Walk) -> Iterator[Any]:
        """Items and detail requests of the entries that no crawl has, and a look at those it has."""
        fresh = [entry for entry in entries if entry.key not in known]
        posted = self.state.known_posts(self.source.name, [entry.key for entry in fresh])
        self.tally.known += len(entries) - len(fresh) + len(posted)
        for entry in entries:
            if entry.key in known:
                yield from self._look(entry, walk)
                continue
            new = entry.key not in self._handled
            self._handled.add(entry.key)
            if new and entry.detail and entry.key not in posted:
                walk.pending += 1
                yield self._bound(self.detail_request(entry), entry, walk)
                continue
            walk.had(entry.key)
            if new and entry.drop is not None:
                self.tally.drops[entry.drop] += 1
                if entry.drop is DropReason.DELETED:
                    yield from self._buried(entry, said=True)
            elif new and entry.key in posted:
                yield from self._look(entry, walk)
            elif new and entry.item is not None:
                yield from self._found(entry, (entry.item,), walk)  # one that has grown goes by another key
