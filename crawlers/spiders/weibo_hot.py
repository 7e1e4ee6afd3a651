"""Weibo's hot search list: the matters on it that name one of the source's keywords.

Owns the addresses. Both lists are public; the second has some fields that the first lacks.
"""

from scrapy.http import Request

from crawlers.documents import Document
from crawlers.pages import Listing, Place
from crawlers.sources import day
from crawlers.spiders.listing import ListingSpider
from crawlers.spiders.walk import Walk
from crawlers.spiders.weibo_hot_page import read_hot

REAL = "https://weibo.com"
_LISTS = ("/ajax/side/hotSearch", "/ajax/statuses/hot_band")


class WeiboHotSpider(ListingSpider):
    """Reads both lists, each a page of its own."""

    name = "weibo_hot"

    def listings(self) -> tuple[str, ...]:
        """The lists, by their addresses."""
        return _LISTS

    def list_request(self, walk: Walk, at: Place) -> Request:  # noqa: ARG002 - others need it
        """The whole list."""
        return Request(self._base + walk.listing, headers={"Accept": "application/json", "Referer": f"{self._base}/"})

    def read_list(self, document: Document, at: Place, status: int) -> Listing:  # noqa: ARG002 - others need it
        """See `weibo_hot_page.read_hot`."""
        today = day(self.clock())
        return read_hot(document.text, platform=self.source.label, keywords=self.source.keywords, day=today)

    def after(self, at: Place) -> Place | None:  # noqa: ARG002 - there is no other page
        """Nothing."""
        return None

    @property
    def _base(self) -> str:
        return self.source.base_url.rstrip("/") or REAL
