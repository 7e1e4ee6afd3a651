"""Looking again: due posts are asked for once everything new has been seen.

Owns what an answer about a known post means for its next visit. New answers stand at the end of a thread, so its pages
are read from the last one back to one that is known, and taken all at once: a look that breaks off leaves no hole. Does
not own the schedule (`crawlers.revisits`) nor any platform's addresses or shapes: a spider gives `revisit_request`,
`read_revisit` and `thread_page`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from scrapy.http import Request, Response

from crawlers.items import PostItem
from crawlers.normalize import identity
from crawlers.pages import Detail, Entry
from crawlers.platforms import DEMANDS
from crawlers.reports import Outcome
from crawlers.revisits import Ages, Visit
from crawlers.spiders.arrivals import missing, moved
from crawlers.spiders.details import BAD_PAGES, BROKEN, FOUND, tombstone
from crawlers.spiders.walk import Fetched
from crawlers.verdict import EMPTY, Obstacle, Reading, Verdict

if TYPE_CHECKING:
    from crawlers.spiders.listing import ListingSpider

TAIL = 20
"""Pages that one look at a thread reads at most, behind the first."""


@dataclass(frozen=True, slots=True)
class _Reach:
    """How far a look has come, from the end of a thread towards what is known."""

    visit: Visit
    page: int
    """To be read next."""
    stop: int
    """Not to be read any more."""
    held: tuple[Fetched, ...] = ()
    """What later pages have and the log has not."""

    def on(self, fresh: tuple[Fetched, ...]) -> "_Reach":
        """After one more page; nothing new on it means that all before is known."""
        return replace(self, page=self.page - 1 if fresh else 0, held=(*fresh, *self.held))


class Returning:
    """The visits of one crawl, at most as many as its source allows."""

    def __init__(self, spider: "ListingSpider") -> None:
        self._spider = spider
        self._begun = False
        self._odd = 0

    def requests(self) -> list[Request]:
        """Those due now, the first time this is asked; none if the platform has refused anything."""
        spider, most = self._spider, self._spider.source.revisits
        if self._begun or spider.tally.stopped:
            return []
        self._begun = True
        now = spider.clock()
        spider.state.revisits.tidy(spider.source.name, now, self._waits)
        visits = spider.state.revisits.due(spider.source.name, now, most)
        return [request for visit in visits if (request := self._bound(visit))]

    @property
    def _waits(self) -> Ages:
        return DEMANDS[self._spider.source.spider].waits

    def _bound(self, visit: Visit) -> Request | None:
        request = self._spider.revisit_request(visit)
        if request is None:
            self._settle(visit)
            return None
        return self._spider.with_cookie(request).replace(
            callback=self.on_page, errback=self.on_error, dont_filter=True, cb_kwargs={"visit": visit}
        )

    def on_page(self, response: Response, visit: Visit, hops: int = 0) -> Iterator[Any]:
        """A known post's own page arrived, whatever it is."""
        if onward := moved(response, hops):
            yield onward
            return
        spider = self._spider
        spider.tally.revisited += 1
        document, reading = spider.opened(response, "revisit")
        detail = Detail(reading) if reading else spider.read_revisit(document, response.status, visit)
        spider.count_reading(detail.reading, "revisit")
        if detail.reading.verdict is not Verdict.OK:
            yield from self._nothing(detail.reading, visit, said=response.status == FOUND)
            return
        self._odd = 0
        spider.tally.drops.update(detail.drops)
        yield from spider.taken_away(detail)
        found = {identity(item): item for item in detail.items}
        own = found.pop(visit.known.native_id, None)
        if own is None:
            self._settle(visit)
        else:
            yield Fetched(own, spider.clock(), visit=visit)
        yield from self._fresh(found)
        yield from self._back(_Reach(visit, detail.pages, max(1, detail.pages - TAIL)))

    def on_further(self, response: Response, entry: Entry, reach: _Reach, hops: int = 0) -> Iterator[Any]:
        """A further page of a known post's thread arrived; one that cannot be read leaves all to the next look."""
        if onward := moved(response, hops):
            yield onward
            return
        spider = self._spider
        document, reading = spider.opened(response, "revisit")
        detail = Detail(reading) if reading else spider.read_detail(document, response.status, entry)
        spider.count_reading(detail.reading, "revisit")
        if detail.reading.verdict is Verdict.OK:
            spider.tally.drops.update(detail.drops)
            yield from spider.taken_away(detail)
            fresh = self._fresh({identity(item): item for item in detail.items})
            yield from self._back(reach.on(fresh))
        elif detail.reading.verdict is Verdict.BLOCKED:
            spider.tally.obstructed(detail.reading)

    def _back(self, reach: _Reach) -> Iterator[Any]:
        """Ask for the next page of the thread, or take what is held because none is left to ask for."""
        spider = self._spider
        entry = spider.thread_page(reach.visit, reach.page) if reach.page > reach.stop else None
        if entry is None:
            if reach.page == reach.stop > 1:
                spider.tally.end(Outcome.CAPPED, f"有帖子新增回复过多，只取了最后 {TAIL} 页")
            yield from reach.held
            return
        yield spider.with_cookie(spider.detail_request(entry)).replace(
            callback=self.on_further,
            errback=self.on_error,
            dont_filter=True,
            cb_kwargs={"entry": entry, "reach": reach},
        )

    def _fresh(self, found: Mapping[str, PostItem]) -> tuple[Fetched, ...]:
        """Those that the log does not have."""
        posted = self._spider.state.known_posts(self._spider.source.name, list(found))
        return tuple(Fetched(item, self._spider.clock()) for native, item in found.items() if native not in posted)

    def on_error(self, failure: Any) -> None:
        """A known post's own page did not arrive."""
        if reading := missing(failure):
            self._spider.count_reading(reading, "revisit")
            if reading.verdict is Verdict.BLOCKED:
                self._spider.tally.obstructed(reading)

    def _nothing(self, reading: Reading, visit: Visit, *, said: bool) -> Iterator[Fetched]:
        """A refusal ends the crawl; a page that cannot be read costs this visit; a site in trouble is asked later."""
        spider = self._spider
        if reading == EMPTY:
            yield Fetched(
                tombstone(visit.known, visit.known.published_at.isoformat()), spider.clock(), visit=visit, said=said
            )
        elif reading.obstacle in (*BROKEN, Obstacle.UNRECOGNISED) or reading.verdict is Verdict.BUSINESS_EMPTY:
            self._settle(visit)
            self._odd += reading.obstacle is Obstacle.UNRECOGNISED
            if self._odd >= BAD_PAGES:
                spider.tally.obstructed(reading)
        elif reading.verdict is Verdict.BLOCKED:
            spider.tally.obstructed(reading)

    def _settle(self, visit: Visit) -> None:
        self._spider.state.revisits.settle(self._spider.source.name, [(visit, self._spider.clock(), self._waits)])
