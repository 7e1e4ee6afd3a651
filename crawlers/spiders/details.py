"""What becomes of an entry's own page: fetched, read, given up, or gone; and of a known post that a list shows again.

Owns the part of a spider's walk that leads into details, and what every answer is first looked at for. Does not own
paging (`listing`) nor any platform's shapes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import scrapy
from scrapy.http import Request, Response

from crawlers.documents import Document
from crawlers.items import PostItem
from crawlers.normalize import DropReason, identity
from crawlers.pages import Detail, Entry
from crawlers.reports import Tally
from crawlers.revisits import Visit
from crawlers.sources import Source
from crawlers.spiders.arrivals import missing, moved, opened
from crawlers.spiders.walk import Fetched, Walk
from crawlers.state import CrawlState
from crawlers.verdict import Obstacle, Reading, Verdict
from stream.records import Post

BAD_PAGES = 3
"""Bad pages in a row after which a walk gives up."""
FOUND = 200
BROKEN = (Obstacle.DAMAGED, Obstacle.OVERSIZE)


class DetailSpider(scrapy.Spider):
    """A spider for one source, as far as single pages go. `ListingSpider` is what platforms subclass."""

    def __init__(
        self,
        *,
        source: Source,
        tally: Tally,
        state: CrawlState,
        clock: Callable[[], datetime],
        environ: Mapping[str, str],
    ) -> None:
        super().__init__()
        self.environ = environ
        self.source = source
        self.tally = tally
        self.state = state
        self.clock = clock
        self._odd = 0
        self._looked: set[str] = set()

    # what a platform says

    @classmethod
    def revisitable(cls, item: PostItem) -> bool:  # noqa: ARG003 - others need it
        """Whether this post has a page of its own, so that it can be looked at again."""
        return False

    def detail_request(self, entry: Entry) -> Request:
        """The request of an entry's own page, without callbacks."""
        raise NotImplementedError

    def read_detail(self, document: Document, status: int, entry: Entry) -> Detail:
        """What is on it."""
        raise NotImplementedError

    # the way into details

    def _bound(self, request: Request, entry: Entry, walk: Walk) -> Request:
        return self.with_cookie(request).replace(
            callback=self.on_detail,
            errback=self.on_detail_error,
            dont_filter=True,
            priority=1,  # before the next page, so that what waits stays bounded by a page
            cb_kwargs={"entry": entry, "walk": walk},
        )

    def on_detail(self, response: Response, entry: Entry, walk: Walk, hops: int = 0) -> Iterator[Any]:
        """An entry's own page arrived, whatever it is."""
        if onward := moved(response, hops):
            yield onward
            return
        document, reading = self.opened(response, "detail")
        detail = Detail(reading) if reading else self.read_detail(document, response.status, entry)
        self.count_reading(detail.reading, "detail")
        if detail.reading.verdict is not Verdict.OK:
            yield from self._no_detail(detail.reading, entry, walk, said=response.status == FOUND)
            return
        self._odd = 0
        self.tally.drops.update(detail.drops)
        yield from self.taken_away(detail)
        yield from self._found(entry, detail.items, walk, paged=True)
        yield from self._branches(entry, detail, walk)
        rest = detail.rest or (replace(entry, item=None, detail=detail.next) if detail.next else None)
        if rest is not None:
            yield self._bound(self.detail_request(rest), rest, walk)
        else:
            walk.pending -= 1
            walk.had(entry.key)
            yield from walk.trail.marks(walk.listing)

    def _branches(self, entry: Entry, detail: Detail, walk: Walk) -> Iterator[Request]:
        """The pages that hang on an entry's, as far as no earlier crawl has had them as they are."""
        keys = [branch.key for branch in detail.more]
        known = self.state.known_entries(self.source.name, walk.listing, keys) if keys else set()
        fresh = [branch for branch in detail.more if branch.key not in known]
        walk.trail.hang(entry.key, (branch.key for branch in fresh))
        for branch in fresh:
            walk.pending += 1
            yield self._bound(self.detail_request(branch), branch, walk)

    def _found(self, entry: Entry, items: Sequence[PostItem], walk: Walk, *, paged: bool = False) -> Iterator[Fetched]:
        """What the log has not of these; and of a known entry that has come up again, how it is now."""
        natives = [identity(item) for item in items]
        posted = self.state.known_posts(self.source.name, natives)
        own = identity(entry.item) if entry.item is not None else ""
        visit = self._visit(entry) if own in posted else None
        for native, item in zip(natives, items, strict=True):
            if native not in posted:
                yield Fetched(item, self.clock(), walk=walk, listed=native == own)
            elif native == own and visit is not None:
                yield Fetched(item, self.clock(), visit=visit, paged=paged)

    def _look(self, entry: Entry, walk: Walk) -> Iterator[Any]:
        """A list shows a known post that has no page to come back to: if it is due, this is the look at it.

        What the list tells in part is read from its page once more, as far as `revisits` allows.
        """
        item = entry.item
        if item is None or entry.drop is not None or self.revisitable(item):
            return
        native, visit = identity(item), self._visit(entry)
        if visit is None or not visit.listed or visit.due > self.clock() or native in self._looked:
            return
        item = replace(item, published=visit.known.published_at.isoformat())  # one told again is not newer for it
        if not (item.truncated and entry.detail):
            self._looked.add(native)
            yield Fetched(item, self.clock(), visit=visit)
        elif self.tally.revisited < self.source.revisits:
            self._looked.add(native)
            self.tally.revisited += 1
            walk.pending += 1
            again = replace(entry, item=item)
            yield self._bound(self.detail_request(again), again, walk)

    def _visit(self, entry: Entry) -> Visit | None:
        """The next look at what we have of an entry; None where none is left."""
        return self.state.revisits.of(self.source.name, identity(entry.item)) if entry.item is not None else None

    def on_detail_error(self, failure: Any) -> Iterator[Any]:
        """An entry's own page did not arrive."""
        entry, walk = failure.request.cb_kwargs["entry"], failure.request.cb_kwargs["walk"]
        if reading := missing(failure):
            self.count_reading(reading, "detail")
            yield from self._no_detail(reading, entry, walk)
        else:
            yield from self._partly(entry, walk)

    def _no_detail(self, reading: Reading, entry: Entry, walk: Walk, *, said: bool = False) -> Iterator[Any]:
        """Keep what the listing said of the entry, unless its page says that it is gone; come back for it once."""
        walk.pending -= 1
        if reading.verdict is Verdict.BUSINESS_EMPTY:
            walk.had(entry.key)
            self.tally.drops[DropReason.DELETED] += 1
            yield from self._buried(entry, said=said)
            yield from walk.trail.marks(walk.listing)
            return
        if reading.obstacle in (*BROKEN, Obstacle.UNRECOGNISED):
            # one odd page among good ones is told in the report; the second time it is given up
            if self._given_up(entry):
                walk.had(entry.key)
                if (visit := self._visit(entry)) and visit.listed:  # at the next step of its schedule again
                    self.state.revisits.settle(self.source.name, [(visit, self.clock(), ())])
            else:
                walk.holes += 1
            self._odd += reading.obstacle is Obstacle.UNRECOGNISED
            if self._odd >= BAD_PAGES:
                self.tally.obstructed(reading)
        else:
            walk.holes += 1
            if reading.verdict is Verdict.BLOCKED:
                self.tally.obstructed(reading)
            else:
                self.tally.incomplete(reading)
        yield from self._partly(entry, walk)

    def _buried(self, entry: Entry, *, said: bool) -> Iterator[Fetched]:
        """The platform's own page of a post that we have says that it is gone."""
        if entry.item is not None and self._given_up(entry):
            stone = tombstone(entry.item, entry.item.published)
            yield Fetched(stone, self.clock(), visit=self._visit(entry), said=said)

    def taken_away(self, detail: Detail) -> Iterator[Fetched]:
        """Posts on a page which it says are gone: those that we have, each once."""
        gone = {identity(item): item for item in detail.gone}
        if not gone:
            return
        known = self.state.known_posts(self.source.name, list(gone), cut=True)
        for native in sorted(known - self.state.revisits.buried(self.source.name, known)):
            yield Fetched(gone[native], self.clock(), among=bool(detail.items))

    def _given_up(self, entry: Entry) -> bool:
        """Whether an earlier crawl already had to keep only a part of it."""
        native = identity(entry.item) if entry.item is not None else ""
        return bool(self.state.known_posts(self.source.name, [native], cut=True))

    def _partly(self, entry: Entry, walk: Walk) -> Iterator[Fetched]:
        """What the listing alone has of an entry, unless the log has that already."""
        if entry.item is not None and not self._given_up(entry):
            yield Fetched(replace(entry.item, truncated=True), self.clock(), whole=False, walk=walk)

    # what arrives

    def with_cookie(self, request: Request) -> Request:
        """The authorised session's cookie, on requests to the platform itself only."""
        if self.source.cookie_env:
            request.headers["Cookie"] = self.environ[self.source.cookie_env].strip()
        return request

    def count_reading(self, reading: Reading, kind: str) -> None:
        """Count an answer by its verdict, and by page kind if it could not be used."""
        self.tally.verdicts[reading.verdict] += 1
        if reading.obstacle in (Obstacle.DAMAGED, Obstacle.UNRECOGNISED, Obstacle.OVERSIZE):
            self.tally.note_bad(kind, reading.obstacle)

    def opened(self, response: Response, kind: str) -> tuple[Document, Reading | None]:
        """The body as text, and a reading where the status alone decides; a wrong charset is told."""
        document, reading = opened(response)
        if reading is None and document.wrong_charset:
            self.tally.note_bad(kind, "wrong_charset")
        return document, reading


def tombstone(of: PostItem | Post, published: Any) -> PostItem:
    """Where and when a post was, and not a word of it."""
    return PostItem(of.platform, native_id=of.native_id, url=of.url, published=published, deleted=True)
