"""Douyin's open platform: official keyword search for videos.

Owns the addresses and the token. A token that the platform no longer takes is renewed once a keyword.
"""

from collections.abc import AsyncIterator, Iterator
from hashlib import blake2b
from typing import Any
from urllib.parse import urlencode

from scrapy.http import JsonRequest, Request, Response

from crawlers.documents import Document
from crawlers.pages import Listing, Place
from crawlers.spiders.arrivals import missing
from crawlers.spiders.douyin_page import read_search, read_token
from crawlers.spiders.listing import ListingSpider
from crawlers.spiders.walk import Walk
from crawlers.verdict import Obstacle, Reading, Verdict

REAL = "https://open.douyin.com"
_MOST = 20


class DouyinSpider(ListingSpider):
    """Walks `v2/search/video` for each keyword."""

    name = "douyin"
    first: Place = 0
    _token = ""

    async def start(self) -> AsyncIterator[Any]:
        """The token first; the keywords follow."""
        yield self._token_request(None, self.first)

    def list_request(self, walk: Walk, at: int) -> Request:
        """One page of the latest videos with this keyword."""
        device = int.from_bytes(blake2b(self.source.name.encode(), digest_size=7).digest(), "big") + 1
        query = {
            "keyword": walk.listing,
            "count": self._count,
            "cursor": at,
            "device_id": device,
            "publish_time": 0,
            "sort_type": 2,
        }
        if walk.search_id:
            query["search_id"] = walk.search_id
        return Request(
            f"{self._base}/dy_open_api/v2/search/video/?{urlencode(query)}", headers={"access-token": self._token}
        )

    def read_list(self, document: Document, at: int, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `douyin_page.read_search`."""
        return read_search(document.text, at, platform=self.source.label)

    def after(self, at: Place) -> Place | None:
        """The cursor counts videos."""
        return at + self._count

    def on_token(self, response: Response, walk: Walk | None, at: int) -> Iterator[Request]:
        """A token arrived, or did not."""
        document, reading = self.opened(response, "token")
        if reading is None:
            reading, self._token = read_token(document.text)
        yield from self._with_token(reading, walk, at)

    def on_token_error(self, failure: Any) -> Iterator[Request]:
        """No answer to the request for a token."""
        if reading := missing(failure):
            yield from self._with_token(reading, **failure.request.cb_kwargs)

    @property
    def _base(self) -> str:
        return self.source.base_url.rstrip("/") or REAL

    @property
    def _count(self) -> int:
        return min(self.source.page_size, _MOST)

    def _with_token(self, reading: Reading, walk: Walk | None, at: int) -> Iterator[Request]:
        if reading.verdict is Verdict.OK:
            yield from self._first_pages() if walk is None else (self.page(walk, at),)
            return
        self.count_reading(reading, "token")
        if reading.verdict is Verdict.TRANSPORT:
            self.tally.incomplete(reading)
        else:
            self.tally.obstructed(reading)

    def _turn(self, page: Listing, walk: Walk, at: int) -> Iterator[Any]:
        if page.reading.obstacle is Obstacle.TOKEN and not walk.renewed:
            walk.renewed = True
            self.count_reading(page.reading, "list")
            yield self._token_request(walk, at)
        else:
            yield from super()._turn(page, walk, at)

    def _token_request(self, walk: Walk | None, at: int) -> Request:
        return JsonRequest(
            f"{self._base}/oauth/client_token/",
            data={
                "client_key": self.environ[self.source.client_key_env].strip(),
                "client_secret": self.environ[self.source.client_secret_env].strip(),
                "grant_type": "client_credential",
            },
            callback=self.on_token,
            errback=self.on_token_error,
            cb_kwargs={"walk": walk, "at": at},
            dont_filter=True,
        )
