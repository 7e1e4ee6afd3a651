"""Weibo's desktop search: every post with a keyword in the last days, in slices small enough to be shown whole.

Owns the addresses. The search is for those who are logged in; a source needs the cookie of an authorised session. On
the real web it and the long texts live on two hosts; a source's `base_url` replaces both.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from scrapy.http import Request, Response

from crawlers.addresses import clean_id
from crawlers.documents import Document
from crawlers.items import PostItem
from crawlers.pages import Detail, Entry, Listing, Place
from crawlers.revisits import Visit
from crawlers.spiders.details import FOUND
from crawlers.spiders.listing import ListingSpider
from crawlers.spiders.walk import Walk
from crawlers.spiders.weibo_page import read_long_text
from crawlers.spiders.weibo_search_page import is_removed, read_search, read_show, short_id
from crawlers.spiders.weibo_slices import window
from crawlers.verdict import EMPTY, Reading, Verdict

REAL_SEARCH = "https://s.weibo.com"
REAL_TEXTS = "https://weibo.com"
_BAD = 400


class WeiboSearchSpider(ListingSpider):
    """Walks `/weibo?q=…` for each keyword; a place is a `Spot`."""

    name = "weibo_search"
    conditional = False
    first: Place = None
    window = True

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._met: defaultdict[str, set[str]] = defaultdict(set)

    def page(self, walk: Walk, at: Place) -> Request:
        """The request of a page of results, bound to its walk, which begins with all days at once.

        Keywords take turns: one that everybody talks about must not use up the day of the others.
        """
        return super().page(walk, at or window(self.clock(), self.source.days)).replace(priority=-walk.pages)

    def list_request(self, walk: Walk, at: Place) -> Request:
        """One page of one slice."""
        # without `nodup` the platform folds what resembles a post that it shows, and copies are news
        query = {"q": walk.listing, "typeall": 1, "suball": 1, "nodup": 1, "timescope": at.here.timescope}
        if at.here.region:
            query["region"] = at.here.region
        address = f"{self._base or REAL_SEARCH}/weibo?{urlencode({**query, 'page': at.page}, quote_via=quote)}"
        return Request(address, headers={"Accept": "text/html", "Referer": f"{self._base or REAL_SEARCH}/"})

    def read_list(self, document: Document, at: Place, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `weibo_search_page.read_search`."""
        return read_search(document.text, at, platform=self.source.label, base=self._base or REAL_SEARCH)

    def after(self, at: Place) -> Place | None:
        """The next page of the slice."""
        return at.turned()

    def kept(self, at: Place) -> int | str | None:
        """The slice and the page in it."""
        return str(at.mark)

    def resumed(self, mark: int | str, following: Place) -> Place:
        """The place that was kept; from within a place, of which the next may have news, only step by step."""
        return following if following.here.province is not None else following.resumed(str(mark))

    def beyond(self, page: Listing, at: Place) -> Place | None:  # noqa: ARG002 - the place says it
        """A place says nothing of the next one, and the hour before is asked once more; else all is older."""
        return at.passed() if at.here.province is not None else None

    def detail_request(self, entry: Entry) -> Request:
        """The whole of a long text."""
        return self._asking("longtext", id=entry.detail)

    def read_detail(self, document: Document, status: int, entry: Entry) -> Detail:
        """See `weibo_page.read_long_text`."""
        return read_long_text(document.text, entry) if status == FOUND else Detail(EMPTY)

    def opened(self, response: Response, kind: str) -> tuple[Document, Reading | None]:
        """The body as text; that a post is gone may be said under a status for bad requests."""
        document, reading = super().opened(response, kind)
        return document, None if response.status == _BAD and is_removed(document.text) else reading

    @classmethod
    def revisitable(cls, item: PostItem) -> bool:
        """A post is asked for by the short id in its address."""
        return clean_id(item.native_id).isdigit() and bool(short_id(item.url))

    def revisit_request(self, visit: Visit) -> Request:
        """The post by its short id, its text whole."""
        return self._asking("show", id=short_id(visit.known.url), locale="zh-CN", isGetLongText="true")

    def read_revisit(self, document: Document, status: int, visit: Visit) -> Detail:
        """See `weibo_search_page.read_show`."""
        if status != FOUND:
            return Detail(EMPTY)
        return read_show(document.text, visit.known.url, platform=self.source.label)

    def _turn(self, page: Listing, walk: Walk, at: Place) -> Iterator[Any]:
        """A finer slice shows again what the one it was cut from has shown.

        Behind its cities a province is no news, however full, unless it shows somebody whom none of them had.
        """
        met = self._met[walk.listing]
        fresh = tuple(entry for entry in page.entries if entry.key not in met)
        met.update(entry.key for entry in fresh)
        capped = page.capped and bool(fresh or not at.here.rest)
        yield from super()._turn(replace(page, entries=fresh, capped=capped), walk, at)

    def _suspect(self, page: Listing, walk: Walk) -> Reading:
        """The page is believed: it says whether we are logged in, and of some days there may be nothing to find.

        But where an earlier crawl has found something in those very days, that is held against this keyword alone.
        """
        if page.reading.verdict is Verdict.BUSINESS_EMPTY and walk.pages == 1:
            newest = self.state.gaps.newest(self.source.name, walk.listing)
            if newest is not None and newest > self.clock() - timedelta(days=self.source.days):
                walk.silent = walk.refused = True
        return page.reading

    def _asking(self, what: str, **query: str) -> Request:
        """Something about one post, from the desktop site itself."""
        texts = self._base or REAL_TEXTS
        address = f"{texts}/ajax/statuses/{what}?{urlencode(query)}"
        return Request(address, headers={"Accept": "application/json", "Referer": f"{texts}/"})

    @property
    def _base(self) -> str:
        return self.source.base_url.rstrip("/")
